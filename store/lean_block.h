// Lean block: a block as a parcel's record carries it to a reader that computes the digests of its
// objects anyway. One digest vouches for all of theirs, and what it is coded against is named by
// the beginnings of digests. Never stored. Byte table: store/OBJECTS.md, section 10.
#pragma once

#include <cstddef>
#include <vector>

#include "store/block.h"

namespace courier {

// As it is read. Of base_ranges(block) the first kShortName bytes of each name are known, and the
// others are zero: Store::complete_names.
struct LeanBlock {
  Block block;  // the digests of its objects are zero
  Digest list;  // what they must come to
};

Bytes encode_lean(const Block& block);
// All of it before the bytes of the payload. Precondition: the block has no base.
Bytes encode_lean_before_payload(const Block& block);
// Parses it and checks every size against the limits, as decode_block. Errors: damaged.
LeanBlock decode_lean(ByteView encoded);
// How many objects it states; 0 when that cannot be read.
std::size_t lean_object_count(ByteView encoded) noexcept;

// The block with the digests of its objects, in their order (digests_in). Errors: damaged, unless
// these come to the list digest.
Block with_digests(LeanBlock lean, const std::vector<Digest>& digests);

}  // namespace courier
