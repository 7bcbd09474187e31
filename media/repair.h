// Repair: gives the bytes of a volume as they were written, from a damaged copy and its recovery
// data. parcel/FORMAT.md, "Repairing". Needs no key; what it yields is judged like every volume.
//
// Repairs while it is read: each cell is compared with its digest on its way out, and only where
// one is bad are its columns read from all layers and solved. So looking at a head costs a few
// cells and not the whole medium, an undamaged volume is read once from front to back, and no pass
// over the volume is made that the reader does not make anyway. What was solved goes into a scratch
// file, and what the medium cannot give is asked for once.
//
// Everything on the medium is untrusted: sizes are bounded by the format and by the file's own
// (recovery data lies where it says or is none). Memory: a batch of columns of 128 MiB, a window of
// 4 MiB and a byte for each cell, of which there are at most 2^28.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/progress.h"
#include "media/recovery_layout.h"
#include "media/volume_bytes.h"

namespace courier {

// What was found so far, in cells looked at.
struct RepairReport {
  std::uint64_t cells = 0;  // of the volume and its parity, all there are
  std::uint64_t repaired_cells = 0, repaired_bytes = 0;  // of the volume
  std::uint64_t lost_cells = 0, lost_bytes = 0;          // of the volume: beyond repair
  std::uint64_t damaged_parity_cells = 0;
  std::uint64_t unreadable_cells = 0;  // of these all: the medium gave an error

  bool is_damaged() const { return repaired_cells + lost_cells + damaged_parity_cells > 0; }
};

struct ByteRange {
  std::uint64_t first = 0, end = 0;
};

class RepairedVolume {
 public:
  // nullptr: no recovery data is found. Scratch files lie in the folder given. fs outlives the
  // result. Errors: no_space, device: of the scratch folder; what cannot be read of the medium is
  // damage.
  static std::unique_ptr<RepairedVolume> open(FileSystem& fs, VolumeBytes medium,
                                              const std::string& scratch_folder);
  ~RepairedVolume();

  const RecoverySet& set() const;
  // Of the volume alone, without its recovery data.
  std::uint64_t size() const { return set().volume_size; }

  // The bytes from `offset`, repaired. What is beyond repair is given as the medium gives it, for
  // there may be intact records in a bad cell; what it does not give is zeros. Reading forwards in
  // any sizes is fast. Returns how many: fewer only at the end. Errors: no_space, device: of the
  // scratch folder.
  std::size_t read_at(std::uint64_t offset, MutableByteView out);
  // The same as a value; this outlives it.
  VolumeBytes bytes();

  // Looks at every cell of the volume. Progress: phase "checking".
  void check_volume(const ProgressSink& progress);
  // Looks at all of the recovery data and says whether it is as it was written, to the byte.
  bool check_recovery_data();

  const RepairReport& report() const;
  // What is beyond repair, of what was looked at: the first `most` ranges.
  std::vector<ByteRange> lost(std::size_t most) const;

 private:
  struct Impl;
  explicit RepairedVolume(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace courier
