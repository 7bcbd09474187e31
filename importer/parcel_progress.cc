#include "importer/parcel_progress.h"

#include <algorithm>

#include "importer/item_rules.h"
#include "importer/item_runner.h"
#include "importer/returned_rows.h"
#include "importer/volume_records.h"
#include "ledger/dp_book.h"
#include "ledger/package_book.h"
#include "parcel/packing_list.h"

namespace courier {
namespace {

// Sizes are the sender's words: nothing planned is more, so that no sum and no product overflows.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 50;

// What publishing has to do with the content of items.
class Publishing {
 public:
  explicit Publishing(const ImporterParts& parts)
      : packages_(parts.ledger), dps_(DpBook{parts.ledger}.list().size()) {}

  // fresh: how much of a version may be new to a site that has one before it.
  std::uint64_t bytes_of(const std::string& kind, const PackageId& package, std::uint64_t content,
                         const std::vector<std::string>& dps, std::uint64_t fresh) {
    if (kind != word(ItemKind::package) && kind != word(ItemKind::redistribute)) return 0;
    content = std::min(content, kMostBytes);
    const auto known = packages_.find(package);
    // What a distribution point has of the version before is linked there; all is read back.
    const bool is_linked = kind == word(ItemKind::package) && known && known->stored_version > 0;
    const std::uint64_t written = is_linked ? std::min(content, fresh) : content;
    const std::uint64_t times = dps.empty() ? dps_ : std::min(dps.size(), dps_);
    return times == 0 ? 0 : std::min(written + content, kMostBytes / times) * times;
  }

 private:
  PackageBook packages_;
  std::size_t dps_;
};

// Precondition: neither is more than kMostBytes.
std::uint64_t sum_of(std::uint64_t one, std::uint64_t other) {
  return std::min(one + other, kMostBytes);
}

}  // namespace

ParcelWork work_of(const ImporterParts& parts, const std::vector<OpenOffer*>& volumes) {
  ParcelWork work;
  const Offer& offer = volumes.front()->offer;
  IncomingBook incoming{parts.ledger};
  if (offer.standing == Standing::known) {
    if (!lacks_something(incoming.items(offer.label_digest))) {
      const auto parcel = incoming.find(offer.label_digest);
      const bool is_tried_again = parcel && ItemRunner{parts}.waits_for_shares(*parcel);
      return is_tried_again ? work_of(parts, *parcel) : work;
    }
  } else if (offer.standing != Standing::genuine) {
    return work;
  }
  const auto row = incoming.find(offer.label_digest);
  const RecordRanges received = row ? to_records(row->received) : RecordRanges{};
  const bool is_here = row && row->record_count && received.missing(*row->record_count).empty();
  if (!is_here) work.to_read = std::min(bytes_to_read(volumes, received), kMostBytes);
  Publishing publishing(parts);
  for (const OfferedItem& item : offer.items) {
    const double part = std::min(
        1.0, static_cast<double>(item.content_bytes) /
                 static_cast<double>(std::max<std::uint64_t>(offer.label.content_bytes, 1)));
    const auto fresh = static_cast<std::uint64_t>(part * static_cast<double>(work.to_read));
    work.to_publish =
        sum_of(work.to_publish,
               publishing.bytes_of(item.kind, item.package, item.content_bytes, item.dps, fresh));
  }
  return work;
}

ParcelWork work_of(const ImporterParts& parts, const IncomingParcel& parcel) {
  ParcelWork work;
  Publishing publishing(parts);
  for (const IncomingItem& item : IncomingBook{parts.ledger}.items(parcel.label)) {
    const std::uint64_t of_item =
        publishing.bytes_of(kind_word(item.kind), item.package, item.bytes, item.dps, item.bytes);
    work.to_publish = sum_of(work.to_publish, of_item);
  }
  return work;
}

std::vector<double> parts_to_publish(const ImporterParts& parts,
                                     const std::vector<IncomingItem>& items) {
  Publishing publishing(parts);
  std::vector<double> bytes;
  double all = 0;
  for (const IncomingItem& item : items) {
    const std::uint64_t of_item =
        publishing.bytes_of(kind_word(item.kind), item.package, item.bytes, item.dps, item.bytes);
    all += bytes.emplace_back(static_cast<double>(of_item));
  }
  if (all > 0) std::ranges::for_each(bytes, [all](double& one) { one /= all; });
  return bytes;
}

}  // namespace courier
