// New content coded against old content that the reader has: a base buffer, ranges of what a site
// has proved to hold, one after the other. Pure functions over bytes; how they are coded:
// store/OBJECTS.md, section 9.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "store/block.h"

namespace courier {

inline constexpr std::uint32_t kMaxBase = 8u << 20;  // of a base buffer

// As a byte difference: stretches of the base, 32-bit corrections where they are not quite the new
// content, and what the base does not have; empty when that is no smaller than raw. raw and base
// as below. Memory beside theirs: twice raw, and what difference_matcher.h says. Thread-safe.
Bytes encode_difference(ByteView raw, ByteView base, Level level);

// Errors: damaged. Never allocates more than 7 times raw_size. Thread-safe.
Bytes decode_difference(ByteView coded, ByteView base, std::uint32_t raw_size);

// As one zstd frame with the base buffer as its prefix; empty when that is no smaller than raw.
// Precondition: 1 <= raw.size() <= kMaxBlockRaw, 1 <= base.size() <= kMaxBase. Thread-safe.
Bytes encode_prefix(ByteView raw, ByteView base, Level level);

// Errors: damaged. Never allocates more than raw_size. Thread-safe.
Bytes decode_prefix(ByteView coded, ByteView base, std::uint32_t raw_size);

}  // namespace courier
