#include "store/block_against.h"

#include "base/codec.h"
#include "base/error.h"

namespace courier {

namespace {

constexpr std::uint64_t kMaxOffset = (1ull << 63) - 1;  // of content; files are no larger
constexpr std::size_t kMinRangeSize = 1 + 32 + 1 + 1;
constexpr std::size_t kPrefixShare = 4;
constexpr std::size_t kPlainShare = 8;

void encode_ranges(Encoder& out, const std::vector<BaseRange>& ranges, std::size_t base_size) {
  if (ranges.empty() || ranges.size() > kMaxBaseRanges)
    bug("a block with more base ranges than it may");
  std::uint64_t sum = 0;
  out.varint(ranges.size());
  for (const auto& range : ranges) {
    out.u8(static_cast<std::uint8_t>(range.form)).digest(range.object);
    out.varint(range.offset).varint(range.length);
    sum += range.length;
  }
  if (sum != base_size || base_size > kMaxBase) bug("a base that is not as its ranges say");
}

std::vector<BaseRange> decode_ranges(Decoder& in) {
  const std::size_t count = in.count(kMaxBaseRanges, kMinRangeSize);
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
    range.object = in.digest();
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

}  // namespace

std::vector<BaseRange> base_ranges(const Block& block) {
  if (!block.has_base()) bug("a block without a base asked for it");
  Decoder in(block.payload, "block");
  return decode_ranges(in);
}

Block compress_block_against(BlockBuilder::Raw gathered, const std::vector<BaseRange>& ranges,
                             ByteView base, Level level) {
  if (base.empty()) return compress_block(std::move(gathered), level);
  Encoder list;
  encode_ranges(list, ranges, base.size());

  Block against;
  against.raw_size = static_cast<std::uint32_t>(gathered.raw.size());
  against.objects = gathered.objects;
  against.codec = static_cast<std::uint8_t>(BlockCodec::difference);
  Bytes coded = encode_difference(gathered.raw, base, level);
  const auto is_at_most_one_in = [&](std::size_t share) {
    return !coded.empty() && (list.size() + coded.size()) * share <= gathered.raw.size();
  };
  // Where the difference is this small, the others have never been found to be smaller by more
  // than a hundredth, and would take twice its time.
  if (!is_at_most_one_in(level == Level::small ? 64 : kPrefixShare)) {
    Bytes other = encode_prefix(gathered.raw, base, level);
    if (coded.empty() || (!other.empty() && other.size() < coded.size())) {
      against.codec = static_cast<std::uint8_t>(BlockCodec::prefix);
      coded = std::move(other);
    }
  }
  if (!is_at_most_one_in(kPlainShare)) {
    Block plain = compress_block(std::move(gathered), level);
    if (coded.empty() || list.size() + coded.size() >= plain.payload.size()) return plain;
  }
  against.payload = list.raw(coded).take();
  return against;
}

Bytes decompress_against(const Block& block, ByteView base) {
  if (!block.has_base()) return decompress(block);
  Decoder in(block.payload, "block");
  if (block.raw_size > kMaxBlockRaw) in.fail("larger than a block can be");
  std::uint64_t sum = 0;
  for (const auto& range : decode_ranges(in)) sum += range.length;
  if (base.size() != sum) in.fail("its base is not as long as its ranges");
  const ByteView coded = in.raw(in.remaining());
  if (coded.empty()) in.fail("ranges of a base, and nothing coded against it");
  return block.codec == static_cast<std::uint8_t>(BlockCodec::prefix)
             ? decode_prefix(coded, base, block.raw_size)
             : decode_difference(coded, base, block.raw_size);
}

}  // namespace courier
