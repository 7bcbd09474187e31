// Offered parcels: what a medium offers, put together by parcel: its volumes and copies belong
// together, and one whose own head is damaged is read with another's, from this medium or kept in
// the home. Not for other rooms.
#pragma once

#include <deque>
#include <vector>

#include "importer/offers.h"
#include "importer/parts.h"
#include "importer/receiver.h"

namespace courier {

// The volumes of one parcel, that with the best head first, the others by number.
OfferedParcel volumes_of(std::vector<OpenOffer>& offers);

class OfferedParcels {
 public:
  // offers outlive it, and stay where they are.
  OfferedParcels(const ImporterParts& parts, std::vector<OpenOffer>& offers);

  const std::vector<OfferedParcel>& parcels() const { return parcels_; }  // for this site
  const std::vector<const OpenOffer*>& left_alone() const { return left_alone_; }

 private:
  OfferedParcel* with_label(const Digest& label);
  bool add_without_head(const ImporterParts& parts, OpenOffer& open);

  std::vector<OfferedParcel> parcels_;
  std::vector<const OpenOffer*> left_alone_;
  std::deque<OpenOffer> kept_heads_;
};

}  // namespace courier
