// Chunker: cuts content where the content says so, so that an insertion moves the chunks around it
// and no others.
//
// FastCDC with normalised chunking (level 2): gear hash, 16 KiB at least, 64 KiB on average, 256
// KiB at most. Before 64 KiB a cut needs 18 zero bits at the top of the hash, after it 14, which
// keeps most chunks near the average. Zeros are cut at kMaxChunk. The first 16 KiB of a chunk are
// not hashed at all. The bits tested are the top ones: they depend on the last 64 bytes. The gear
// table is fixed for ever: chunks at two sites must agree. It is the first 256 outputs of
// SplitMix64 from the seed 0x0072656972756f43 ("Courier", little-endian).
// Source: Xia et al., "FastCDC", USENIX ATC 2016; Steele, Lea, Flood, OOPSLA 2014 (SplitMix64).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"

namespace courier {

inline constexpr std::size_t kMinChunk = 16 * 1024;
inline constexpr std::size_t kAverageChunk = 64 * 1024;
inline constexpr std::size_t kMaxChunk = 256 * 1024;

// A number for each byte, of which gear hashes are made.
const std::array<std::uint64_t, 256>& gear_table();

// The length of the first chunk of data: from kMinChunk to kMaxChunk, or all of data when it is
// shorter. data must hold kMaxChunk bytes, or all that is left of the content.
std::size_t first_cut(ByteView data);

// The digests that name the chunks, in their order; faster for many at once.
std::vector<Digest> chunk_digests(std::span<const ByteView> chunks);

}  // namespace courier
