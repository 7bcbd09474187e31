// What all that codes blocks shares: the list of a block's objects, written alike in a block and in
// its pack's index, the ranges that it is coded against (byte tables: store/OBJECTS.md), and how
// hard a level lets zstd try.
#pragma once

#include "base/codec.h"
#include "store/block_against.h"

namespace courier {

void encode_objects(Encoder& out, const std::vector<BlockObject>& objects);
// Errors: damaged, unless there is at least one, all are of one sort and their sizes add up to
// raw_size.
std::vector<BlockObject> decode_objects(Decoder& in, std::uint32_t raw_size);

// name_size: how much of each digest is there; the rest is zero when it is read.
void encode_ranges(Encoder& out, const std::vector<BaseRange>& ranges, std::size_t name_size);
// Errors: damaged, when they are no list or are together more than kMaxBase.
std::vector<BaseRange> decode_ranges(Decoder& in, std::size_t name_size);

int zstd_level(Level level);

// Whether a sample says that compress_block would store it raw.
bool looks_incompressible(ByteView raw);

}  // namespace courier
