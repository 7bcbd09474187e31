// Finds where new content repeats old content nearly: runs that are the same but for scattered
// bytes, as programs have when they were linked anew.
//
// bsdiff's rule with a hash of 8 bytes in place of its suffix array: the new content is followed
// along one diagonal (the distance between a new place and its old one) across bytes that differ,
// until another diagonal has clearly more to give; then each of the two is extended towards the
// other as long as more bytes fit than do not.
// Source: Percival, "Naive differences of executable code", 2003.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "store/block.h"

namespace courier {

// So many bytes of the new content as they are, then a stretch of old content that is nearly what
// follows.
struct DifferenceStep {
  std::uint32_t literals = 0;
  std::uint32_t length = 0;  // at least 1
  std::uint32_t source = 0;  // where the stretch begins in the old content
};

// Steps that follow one another from the beginning of raw; what is left behind the last one is as
// it is. Precondition: raw and base as difference.h has them. Memory: 2 MiB for each thread, at
// Level::small 4 MiB and four bytes for each of base. Thread-safe.
std::vector<DifferenceStep> difference_steps(ByteView raw, ByteView base, Level level);

}  // namespace courier
