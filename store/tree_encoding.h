// One entry's encoding, for those who cut directory nodes by size. Byte table: store/OBJECTS.md.
#pragma once

#include "base/codec.h"
#include "store/tree.h"

namespace courier {

void encode_entry(Encoder& out, const TreeEntry& entry);

}  // namespace courier
