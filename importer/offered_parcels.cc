#include "importer/offered_parcels.h"

#include <algorithm>
#include <utility>

#include "importer/kept_heads.h"

namespace courier {
namespace {

// How good a head is to judge the whole parcel by.
int rank(const OpenOffer& open) {
  switch (open.offer.standing) {
    case Standing::genuine:
    case Standing::known:
      return 0;
    case Standing::unknown_signer:
      return 1;
    case Standing::unreadable:
      return 3;
    default:
      return 2;
  }
}

void put_in_order(OfferedParcel& volumes) {
  std::ranges::stable_sort(volumes, {}, [](const OpenOffer* open) {
    return std::pair{rank(*open), open->offer.volume.number};
  });
}

}  // namespace

OfferedParcel volumes_of(std::vector<OpenOffer>& offers) {
  OfferedParcel volumes;
  for (OpenOffer& open : offers) volumes.push_back(&open);
  put_in_order(volumes);
  return volumes;
}

OfferedParcels::OfferedParcels(const ImporterParts& parts, std::vector<OpenOffer>& offers) {
  for (OpenOffer& open : offers) {
    if (!is_for_us(open.offer)) continue;
    if (OfferedParcel* known = with_label(open.offer.label_digest)) {
      known->push_back(&open);
    } else {
      parcels_.push_back({&open});
    }
  }
  for (OfferedParcel& volumes : parcels_) put_in_order(volumes);
  for (OpenOffer& open : offers) {
    if (!is_for_us(open.offer) && !add_without_head(parts, open)) left_alone_.push_back(&open);
  }
}

OfferedParcel* OfferedParcels::with_label(const Digest& label) {
  const auto found = std::ranges::find_if(parcels_, [&](const OfferedParcel& volumes) {
    return volumes.front()->offer.label_digest == label;
  });
  return found == parcels_.end() ? nullptr : &*found;
}

// A volume whose head is damaged, of a parcel whose head is here.
bool OfferedParcels::add_without_head(const ImporterParts& parts, OpenOffer& open) {
  if (open.offer.standing != Standing::unreadable || !open.stated_label) return false;
  const Digest label = *open.stated_label;
  OfferedParcel* volumes = with_label(label);
  if (volumes == nullptr) {
    auto kept = open_kept_head(parts, label);
    if (!kept) return false;
    OpenOffer head =
        read_offer(parts.fs, std::move(*kept), IdentifyHome{parts.keys, parts.trust, parts.ledger});
    if (!is_for_us(head.offer) || head.offer.label_digest != label || !head.head) return false;
    head.is_head_only = true;
    kept_heads_.push_back(std::move(head));
    volumes = &parcels_.emplace_back(OfferedParcel{&kept_heads_.back()});
  }
  if (rank(*volumes->front()) != 0) return false;  // none of its heads counts
  volumes->push_back(&open);
  return true;
}

}  // namespace courier
