// What all that codes blocks shares: the list of a block's objects, written alike in a block and in
// its pack's index (byte table: store/OBJECTS.md), and how hard a level lets zstd try.
#pragma once

#include "base/codec.h"
#include "store/block.h"

namespace courier {

void encode_objects(Encoder& out, const std::vector<BlockObject>& objects);
// Errors: damaged, unless there is at least one, all are of one sort and their sizes add up to
// raw_size.
std::vector<BlockObject> decode_objects(Decoder& in, std::uint32_t raw_size);

int zstd_level(Level level);

}  // namespace courier
