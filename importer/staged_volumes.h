// Staged volumes: the bytes of the volumes of an incomplete parcel whose cut has spare volumes, in
// HOME/staged/<label digest>/, until any n of n + N are here and bring the others. What records
// they had is in the store already; these bytes are for solving alone, and what is solved is taken
// in like any volume. Not for other rooms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "importer/offers.h"
#include "importer/parts.h"
#include "parcel/record_ranges.h"

namespace courier {

// What spare volumes can still do for a parcel; of the cut that needs the fewest more volumes.
struct SpareHelp {
  bool is_known = false;              // a cut with spare volumes was seen
  std::uint32_t volumes = 0;          // n; 0 while no spare volume came
  std::uint32_t spares = 0;           // N
  std::uint32_t here = 0;             // staged, of n + N
  std::uint32_t data_here = 0;        // of n
  std::vector<std::uint32_t> left;    // spare volumes that are not staged, from 1
  std::vector<std::uint32_t> solved;  // volumes that were made now of the others
  std::optional<Error> problem;       // why something was not staged, or not solved

  // Some volume is not here whole, and spare volumes that have not come are enough to make it.
  bool is_enough_left() const {
    if (!is_known || left.empty()) return false;
    return volumes == 0 || (data_here < volumes && here + left.size() >= volumes);
  }
};

class StagedVolumes {
 public:
  StagedVolumes(const ImporterParts& parts, ParcelId id, const Digest& label);

  // Keeps those of the offered volumes, as they are or repaired, whose cut has spare volumes, and
  // solves what can be solved. Errors: device, of the home; what a medium does is in the help.
  SpareHelp keep_and_solve(const std::vector<OpenOffer*>& volumes);
  // Data volumes that are here and state records that are not in `received`.
  std::vector<OfferedVolume> with_more_than(const RecordRanges& received);
  // Lets go of all that is staged of a cut.
  void drop(const std::array<std::uint8_t, 16>& cut) { drop_cut(list(), cut); }

 private:
  struct Kept {
    std::string name;
    VolumeHeader header;
    std::optional<SpareTable> table;
    std::uint64_t size = 0;
    bool is_spare() const { return table && table->is_of_spare(); }
  };

  std::vector<Kept> list();
  void keep(OpenOffer& volume, const VolumeHeader& header);
  bool keep_from(const ByteSource& source, std::uint64_t size, const VolumeHeader& header);
  void solve(const Kept& spare, const std::vector<Kept>& kept, SpareHelp& help);
  void drop_cut(const std::vector<Kept>& kept, const std::array<std::uint8_t, 16>& cut);
  VolumeBytes bytes_of(const Kept& kept) const;

  const ImporterParts& parts_;
  const ParcelId id_;
  const Digest label_;
  std::optional<Fd> folder_;
};

// Nothing there is no error.
void drop_staged(const ImporterParts& parts, const Digest& label);
// Of parcels that are not Incomplete (any more), and what a crash left unfinished.
void sweep_staged(const ImporterParts& parts);

}  // namespace courier
