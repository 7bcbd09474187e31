// Chained bytes: a volume that is composed of bytes in memory and of parts of other volumes, while
// it is read.
#pragma once

#include <vector>

#include "media/volume_bytes.h"

namespace courier {

VolumeBytes bytes_in_memory(Bytes bytes);
// The `size` bytes of `whole` from `offset`; fewer where it ends early.
VolumeBytes part_of(const VolumeBytes& whole, std::uint64_t offset, std::uint64_t size);
// One behind the other. A part that ends early ends the whole.
VolumeBytes chained(std::vector<VolumeBytes> parts);

}  // namespace courier
