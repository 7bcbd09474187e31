#include "store/block_against.h"

#include <algorithm>

#include "base/codec.h"
#include "base/error.h"
#include "store/block_encoding.h"
#include "store/similarity.h"

namespace courier {

namespace {

constexpr std::uint64_t kMaxOffset = (1ull << 63) - 1;  // of content; files are no larger
constexpr std::size_t kPrefixShare = 4;
constexpr std::size_t kPlainShare = 8;

}  // namespace

void encode_ranges(Encoder& out, const std::vector<BaseRange>& ranges, std::size_t name_size) {
  if (ranges.empty() || ranges.size() > kMaxBaseRanges)
    bug("a block with more base ranges than it may");
  out.varint(ranges.size());
  for (const auto& range : ranges) {
    out.u8(static_cast<std::uint8_t>(range.form)).raw(range.object.view().first(name_size));
    out.varint(range.offset).varint(range.length);
  }
}

std::vector<BaseRange> decode_ranges(Decoder& in, std::size_t name_size) {
  const std::size_t count = in.count(kMaxBaseRanges, 1 + name_size + 1 + 1);
  if (count == 0) in.fail("coded against a base, and no range of one");
  std::vector<BaseRange> ranges;
  ranges.reserve(count);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    BaseRange range;
    range.form = static_cast<BaseForm>(in.u8());
    if (range.form != BaseForm::object && range.form != BaseForm::content) {
      in.fail("a range of a base of no known form");
    }
    std::ranges::copy(in.raw(name_size), range.object.bytes.begin());
    range.offset = in.varint(kMaxOffset);
    range.length = static_cast<std::uint32_t>(in.varint(kMaxBase));
    if (range.length == 0) in.fail("a range of a base of no bytes");
    const std::uint64_t size = range.form == BaseForm::object ? kMaxObjectSize : kMaxOffset;
    if (range.length > size || range.offset > size - range.length) {
      in.fail("a range of a base beyond any that there can be");
    }
    sum += range.length;
    ranges.push_back(range);
  }
  if (sum > kMaxBase) in.fail("a base larger than one may be");
  return ranges;
}

std::vector<BaseRange> base_ranges(const Block& block) {
  if (!block.has_base()) bug("a block without a base asked for it");
  Decoder in(block.payload, "block");
  return decode_ranges(in, sizeof(Digest));
}

std::optional<Block> code_against(const BlockBuilder::Raw& gathered,
                                  const std::vector<BaseRange>& ranges, ByteView base,
                                  Level level) {
  if (looks_incompressible(gathered.raw) && !is_like(gathered.raw, base)) return std::nullopt;
  std::uint64_t sum = 0;
  for (const auto& range : ranges) sum += range.length;
  if (sum != base.size() || sum > kMaxBase) bug("a base that is not as its ranges say");
  Encoder list;
  encode_ranges(list, ranges, sizeof(Digest));

  Block against;
  against.raw_size = static_cast<std::uint32_t>(gathered.raw.size());
  against.codec = static_cast<std::uint8_t>(BlockCodec::difference);
  Bytes coded = encode_difference(gathered.raw, base, level);
  // Where the difference is this small, the others have never been found to be smaller by more
  // than a hundredth, and would take twice its time.
  if (coded.empty() || (list.size() + coded.size()) * kPrefixShare > gathered.raw.size()) {
    Bytes other = encode_prefix(gathered.raw, base, level);
    if (coded.empty() || (!other.empty() && other.size() < coded.size())) {
      against.codec = static_cast<std::uint8_t>(BlockCodec::prefix);
      coded = std::move(other);
    }
  }
  if (coded.empty() || list.size() + coded.size() >= gathered.raw.size()) return std::nullopt;
  against.objects = gathered.objects;
  against.payload = list.raw(coded).take();
  return against;
}

bool is_far_smaller(const Block& against) {
  return against.payload.size() * kPlainShare <= against.raw_size;
}

Block compress_block_against(BlockBuilder::Raw gathered, const std::vector<BaseRange>& ranges,
                             ByteView base, Level level) {
  if (base.empty()) return compress_block(std::move(gathered), level);
  std::optional<Block> against = code_against(gathered, ranges, base, level);
  if (against && is_far_smaller(*against)) return *std::move(against);
  Block plain = compress_block(std::move(gathered), level);
  return against && against->payload.size() < plain.payload.size() ? *std::move(against)
                                                                   : std::move(plain);
}

Bytes decompress_against(const Block& block, ByteView base) {
  if (!block.has_base()) return decompress(block);
  Decoder in(block.payload, "block");
  if (block.raw_size > kMaxBlockRaw) in.fail("larger than a block can be");
  std::uint64_t sum = 0;
  for (const auto& range : decode_ranges(in, sizeof(Digest))) sum += range.length;
  if (base.size() != sum) in.fail("its base is not as long as its ranges");
  const ByteView coded = in.raw(in.remaining());
  if (coded.empty()) in.fail("ranges of a base, and nothing coded against it");
  return block.codec == static_cast<std::uint8_t>(BlockCodec::prefix)
             ? decode_prefix(coded, base, block.raw_size)
             : decode_difference(coded, base, block.raw_size);
}

}  // namespace courier
