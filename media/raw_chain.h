// Raw chain: the volumes on a medium without a file system, one behind the other from its first
// byte on. parcel/FORMAT.md, "Media without a file system".
//
//   0         64 KiB    128 KiB                         the next multiple of 64 KiB
//   mark      mark      the volume's bytes ...          mark      mark      ...
//
// A mark is there twice, for a sector that cannot be read would hide all that follows. The chain
// ends where no mark is, or one of a volume that is not finished: its writer was killed, and the
// next volume takes its place. A parcel without marks (copied there with dd, or one whose marks are
// both lost) is found by its own beginning; how long it is nobody says, so it ends the chain.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "media/volume_bytes.h"
#include "media/volume_mark.h"

namespace courier {

inline constexpr std::uint64_t kRawUnit = 64u << 10;

struct RawVolume {
  VolumeMark mark;         // name and digest are empty when there is none
  std::uint64_t data = 0;  // where its bytes begin
  bool is_marked = false;
};

struct RawChain {
  std::vector<RawVolume> volumes;
  std::uint64_t end = 0;          // where the next mark belongs
  bool is_unfinished = false;     // there lies what a killed writer left
  std::vector<Error> unreadable;  // what may be there and cannot be read
};

// Where the volume's bytes begin behind its mark, and where the next mark is.
std::uint64_t raw_data_of(std::uint64_t mark_position);
std::uint64_t raw_next(std::uint64_t mark_position, std::uint64_t size);

// Errors: none of its own; what cannot be read is named in the result.
RawChain walk_raw(const VolumeBytes& device);

// Part of a larger run of bytes.
VolumeBytes slice(const VolumeBytes& of, std::uint64_t offset, std::uint64_t size);

}  // namespace courier
