// Blocks coded against content that the addressee has proved to hold. They are in records of
// parcels only: the receiver makes plain blocks of them before it stores anything, so that no base
// has a base itself. Byte table: store/OBJECTS.md, section 9.
#pragma once

#include <vector>

#include "store/block.h"
#include "store/difference.h"

namespace courier {

inline constexpr std::uint32_t kMaxBaseRanges = 16'384;  // in one block
// Of a digest, in a lean block's range (lean_block.h): enough to tell one object from another.
inline constexpr std::size_t kShortName = 16;

enum class BaseForm : std::uint8_t {
  object = 1,   // the bytes of a chunk, node or root
  content = 2,  // the content of the file whose chunk list has this top node
};

// A range of old content.
struct BaseRange {
  BaseForm form = BaseForm::object;
  Digest object;
  std::uint64_t offset = 0;
  std::uint32_t length = 0;  // at least 1
  bool operator==(const BaseRange&) const = default;
};

// The ranges that make the base buffer, one after the other, in this order.
// Precondition: block.has_base(). Errors: damaged, when they are no list or are together more than
// kMaxBase.
std::vector<BaseRange> base_ranges(const Block& block);

// The smaller of the codecs against a base; none when it is no smaller than what it codes, or when
// that is compressed content with nothing of the base in it.
// Precondition: base is what the ranges name, one after the other; not empty, at most kMaxBase and
// kMaxBaseRanges. Thread-safe.
std::optional<Block> code_against(const BlockBuilder::Raw& gathered,
                                  const std::vector<BaseRange>& ranges, ByteView base, Level level);
// Whether its list of ranges and what is coded are so small a part of its content that without a
// base it is not tried.
bool is_far_smaller(const Block& against);

// The smallest of all codecs; of those against a base the list of ranges is counted in. When there
// is no base, it is as compress_block. Precondition: as code_against, and base may be empty.
// Thread-safe.
Block compress_block_against(BlockBuilder::Raw gathered, const std::vector<BaseRange>& ranges,
                             ByteView base, Level level);

// Opens the payload, as decompress. base: what base_ranges() name, one after the other; the
// bytes need not be proved right, since the objects are verified afterwards.
// Errors: damaged, also when base is not as long as the ranges together; unsupported, when the
// codec is not known.
Bytes decompress_against(const Block& block, ByteView base);

}  // namespace courier
