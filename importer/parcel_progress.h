// Parcel progress: what is told while one parcel is worked on, as two phases: "receiving", which
// reads its records off the medium and stores them, and "publishing", which brings its items to the
// distribution points and reads them back. Not for other rooms.
#pragma once

#include <cstdint>
#include <vector>

#include "base/phases.h"
#include "importer/offers.h"
#include "importer/parts.h"
#include "ledger/incoming_book.h"

namespace courier {

// How many bytes the work on a parcel is about to move.
struct ParcelWork {
  std::uint64_t to_read = 0;     // off the medium
  std::uint64_t to_publish = 0;  // written to the distribution points, and read back from there
};

// Of a parcel as it is offered.
ParcelWork work_of(const ImporterParts& parts, const std::vector<OpenOffer*>& volumes);
// Of one whose records are in the store.
ParcelWork work_of(const ImporterParts& parts, const IncomingParcel& parcel);

// What part of all that is published each of these items is; together 1, or none of them any.
std::vector<double> parts_to_publish(const ImporterParts& parts,
                                     const std::vector<IncomingItem>& items);

class ParcelProgress {
 public:
  // Adds the two phases to `all`, which outlives this.
  ParcelProgress(Phases& all, const ParcelWork& work)
      : all_(all),
        work_(work),
        receiving_(all.add("receiving", work.to_read)),
        publishing_(all.add("publishing", work.to_publish)) {}

  // The sink of the next volume to be read. bytes: of its file; 0: it is read once more.
  ProgressSink next_volume(std::uint64_t bytes) { return all_.next(receiving_, bytes); }
  // The sink of the next item. part: of all that is published of the parcel, 0 to 1.
  ProgressSink next_item(double part) {
    return all_.next(publishing_,
                     static_cast<std::uint64_t>(part * static_cast<double>(work_.to_publish)));
  }

 private:
  Phases& all_;
  ParcelWork work_;
  std::size_t receiving_, publishing_;
};

}  // namespace courier
