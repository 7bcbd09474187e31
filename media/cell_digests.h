// Cell digests: the pages of a volume's recovery data, each taken from whichever of its three
// copies is good, when a cell of it is first asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "media/recovery_layout.h"
#include "media/volume_bytes.h"

namespace courier {

class CellDigests {
 public:
  // fs and medium outlive it. Errors: no_space, device: of the scratch folder, which takes the
  // pages (a 4,000th part of the volume).
  CellDigests(FileSystem& fs, const VolumeBytes& medium, const RecoveryLayout& layout,
              const std::string& scratch_folder);

  // Whether these bytes, filled up to the cell's size, are the cell; nullopt: its page has no good
  // copy. Errors: no_space, device: of the scratch file.
  std::optional<bool> fits(std::uint64_t cell, ByteView bytes);

 private:
  void load_from(std::uint64_t page);
  bool take(std::uint64_t page, unsigned copy, ByteView frame);
  bool read_page(std::uint64_t page);

  FileSystem& fs_;
  const VolumeBytes& medium_;
  RecoveryLayout layout_;
  Fd scratch_;
  enum class State : std::uint8_t { unknown, known, lost };
  std::vector<State> states_;
  std::uint64_t current_;  // the page in memory
  Bytes digests_;
};

}  // namespace courier
