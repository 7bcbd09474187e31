// Spare volumes: Reed-Solomon parity across the volumes of a cut, so that any n of n + N bring the
// parcel. parcel/FORMAT.md, "Spare volumes". Works on bytes alone, without a key: what is solved is
// judged like every volume.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/byte_source.h"
#include "media/spare_table.h"
#include "media/volume_bytes.h"

namespace courier {

// The frames of parity row `row` over these volumes, in their order, computed while they are read;
// thread-safe as far as the volumes are. At most 64 MiB of memory.
VolumeBytes spare_frames(std::vector<VolumeBytes> volumes, unsigned row);

// A volume that was looked at from its header to its end, every frame of it whole.
struct WholeVolume {
  VolumeHeader header;
  std::optional<SpareTable> table;  // what it says of spare volumes
  std::uint64_t size = 0;           // without what lies behind its end
};

// Reads a volume up to its end and hands its bytes on. Errors: damaged, when a frame of it is not
// whole, it has no end, is longer than max_size, or a spare volume is not as its table says; what
// source and sink throw.
WholeVolume copy_whole_volume(const ByteSource& source, std::uint64_t max_size,
                              const ByteSink& sink, const std::string& subject);

// A volume of the cut that is here; is_spare by its table.
struct VolumeAtHand {
  SpareTable table;         // of a spare volume
  std::uint32_t index = 0;  // data volume: from 0
  VolumeBytes bytes;
};

// Solves the missing data volumes of a cut. table: of one of its spare volumes. volumes: data
// volumes (their table is not looked at when index < n) and spares, n in all at least, each number
// once. write: the next bytes of data volume `index`, in order for each.
// Errors: as read_at and write. Preconditions: fewer than n data volumes, n in all.
void solve_volumes(const SpareTable& table, const std::vector<VolumeAtHand>& volumes,
                   const std::function<void(std::uint32_t index, ByteView bytes)>& write);

}  // namespace courier
