#include "importer/identify.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/bytes.h"
#include "importer/offers.h"
#include "importer/returned_rows.h"
#include "importer/volume_set.h"

namespace courier {
namespace {

// The worst of the statuses, when none of the offers can be received; see the header.
int status_of_all(const std::vector<Offer>& offers, bool has_home) {
  if (offers.empty()) return row_of(ErrorCode::not_found).exit_status;
  bool for_us = false, unreadable = false;
  int worst = 0, unreadable_status = 0;
  for (const Offer& offer : offers) {
    if (is_for_us(offer)) {
      for_us = true;
      const int status = status_of(offer);
      if (status == 0) return 0;
      if (worst == 0) worst = status;
    } else if (offer.standing == Standing::unreadable) {
      unreadable = true;
      unreadable_status = status_of(offer);
    }
  }
  if (for_us) return worst;
  if (unreadable) return unreadable_status;
  const bool all_own = std::all_of(offers.begin(), offers.end(), [](const Offer& offer) {
    return offer.standing == Standing::own;
  });
  if (all_own || !has_home) return 0;
  return row_of(ErrorCode::not_addressed).exit_status;
}

// Whether any n of the n + N volumes of a cut lie on the medium or came before.
bool is_enough_with_spares(const Offer& first, const std::vector<Offer>& offers,
                           const std::vector<SeenVolume>& seen) {
  for (const Offer& offer : offers) {
    const auto& table = offer.spare_table;
    if (offer.label_digest != first.label_digest || !table || !table->is_of_spare()) continue;
    std::set<std::uint32_t> numbers;
    for (const Offer& other : offers) {
      const bool is_of_it =
          other.label_digest == first.label_digest && other.volume.cut == table->cut;
      if (is_of_it) numbers.insert(other.volume.number);
    }
    for (const SeenVolume& volume : seen) {
      if (volume.read_whole && volume.cut == to_hex(table->cut)) numbers.insert(volume.number);
    }
    if (numbers.size() >= table->volumes) return true;
  }
  return false;
}

// What of this parcel neither lies on the medium nor came before; empty: nothing.
std::string missing_with(const Offer& first, const std::vector<Offer>& offers,
                         const std::optional<IdentifyHome>& home) {
  RecordRanges received;
  std::optional<std::uint64_t> count = first.label.record_count;
  std::vector<SeenVolume> seen;
  if (home) {
    IncomingBook incoming{home->ledger};
    if (const auto row = incoming.find(first.label_digest)) {
      received = to_records(row->received);
      if (row->record_count) count = row->record_count;
    }
    seen = incoming.volumes(first.label_digest);
  }
  if (is_enough_with_spares(first, offers, seen)) return "";
  for (const Offer& offer : offers) {
    const bool is_spare = offer.spare_table && offer.spare_table->is_of_spare();
    if (offer.label_digest == first.label_digest && !is_spare) {
      seen.push_back(seen_volume(offer.volume, true));
    }
  }
  std::ranges::sort(seen, {}, [](const SeenVolume& volume) {
    return std::tuple{volume.cut, volume.number, volume.first_record};
  });
  return missing_volumes(received, count, seen).happened();
}

std::vector<PartOfParcel> parts_of(const std::vector<Offer>& offers,
                                   const std::optional<IdentifyHome>& home) {
  std::vector<PartOfParcel> parts;
  std::set<Digest> told;
  for (const Offer& offer : offers) {
    const bool is_ours = offer.standing == Standing::genuine || offer.standing == Standing::intact;
    if (!is_ours || !told.insert(offer.label_digest).second) continue;
    const std::string missing = missing_with(offer, offers, home);
    if (!missing.empty()) parts.push_back({offer.id, missing});
  }
  return parts;
}

void note_before(Offer& offer, const IdentifyHome& home) {
  if (offer.standing != Standing::genuine && offer.standing != Standing::known) return;
  IncomingBook incoming{home.ledger};
  const auto row = incoming.find(offer.label_digest);
  if (!row) return;
  const std::vector<SeenVolume> seen = incoming.volumes(offer.label_digest);
  const MissingVolumes missing =
      missing_volumes(to_records(row->received), row->record_count, seen);
  offer.before = CameBefore{row->state, first_numbers(missing.numbers)};
  const std::string cut = to_hex(offer.volume.cut);
  offer.before->is_cut_off =
      row->state == IncomingState::incomplete &&
      std::ranges::any_of(seen, [&](const SeenVolume& one) {
        return one.cut == cut && one.number == offer.volume.number && !one.read_whole;
      });
}

}  // namespace

IdentifyReport identify(FileSystem& fs, const std::string& source,
                        const std::optional<IdentifyHome>& home) {
  IdentifyReport report;
  for (OpenOffer& open : read_offers(fs, source, home)) {
    report.offers.push_back(std::move(open.offer));
  }
  if (home) {
    for (Offer& offer : report.offers) note_before(offer, *home);
  }
  report.parts = parts_of(report.offers, home);
  report.exit_status = status_of_all(report.offers, home.has_value());
  return report;
}

}  // namespace courier
