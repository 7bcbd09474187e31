// Salvage: reads what a damaged medium still gives of a stretch of bytes.
#pragma once

#include <cstdint>

#include "media/volume_bytes.h"

namespace courier {

// Fills out with the bytes from `offset`. Where the medium gives an error, or ends, in pieces of
// piece_size bytes, and zeros for the pieces that do not come. Returns how many bytes did not come.
// Never throws for the medium (device); other errors pass.
std::uint64_t salvage(const VolumeBytes& bytes, std::uint64_t offset, MutableByteView out,
                      std::size_t piece_size);

}  // namespace courier
