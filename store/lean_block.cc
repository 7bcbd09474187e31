#include "store/lean_block.h"

#include "base/codec.h"
#include "base/error.h"
#include "store/block_encoding.h"

namespace courier {

namespace {

constexpr std::uint8_t kChunks = 1;
constexpr std::uint8_t kNodes = 2;

Digest list_digest(std::uint32_t raw_size, const std::vector<BlockObject>& objects) {
  Block raw;
  raw.codec = static_cast<std::uint8_t>(BlockCodec::raw);
  raw.raw_size = raw_size;
  raw.objects = objects;
  return block_digest(raw);  // which leaves the payload out
}

bool holds_nodes(Decoder& in) {
  const std::uint8_t content = in.u8();
  if (content != kChunks && content != kNodes) in.fail("a block of no known content");
  return content == kNodes;
}

std::size_t object_count(Decoder& in) {
  const std::size_t count = in.count(kMaxBlockObjects, 1);
  if (count == 0) in.fail("a block without objects");
  return count;
}

BlockObject object_of(std::uint64_t number, bool is_node, const Decoder& in) {
  BlockObject object;
  if (is_node) {
    object.kind = number % 2 == 1 ? DigestKind::root : DigestKind::node;
    number /= 2;
  }
  if (number == 0) in.fail("an object of no bytes");
  if (number > kMaxObjectSize) in.fail("an object larger than one may be");
  object.size = static_cast<std::uint32_t>(number);
  return object;
}

void encode_lean_head(Encoder& out, const Block& block) {
  out.u8(block.codec).u8(block.holds_nodes() ? kNodes : kChunks);
  out.digest(list_digest(block.raw_size, block.objects)).varint(block.objects.size());
  for (const BlockObject& object : block.objects) {
    out.varint(!block.holds_nodes() ? object.size
                                    : 2u * object.size + (object.kind == DigestKind::root));
  }
}

// What a block of section 7 has for it: names of ranges in full, as far as they are known.
Bytes payload_of(Decoder& in, const Block& block) {
  const ByteView all = in.raw(in.remaining());
  if (all.empty()) in.fail("a block without a payload");
  if (all.size() > kMaxBlockRaw) in.fail("a payload beyond the limit");
  if (block.is_raw() ? all.size() != block.raw_size : all.size() >= block.raw_size) {
    in.fail("a payload of another length than its codec gives");
  }
  if (!block.has_base()) return to_bytes(all);
  Decoder payload(all, "block");
  Encoder out;
  encode_ranges(out, decode_ranges(payload, kShortName), sizeof(Digest));
  return out.raw(payload.raw(payload.remaining())).take();
}

}  // namespace

Bytes encode_lean_before_payload(const Block& block) {
  if (block.has_base()) bug("a lean block's ranges are written otherwise than a block's");
  Encoder out;
  encode_lean_head(out, block);
  return out.take();
}

Bytes encode_lean(const Block& block) {
  Encoder out;
  encode_lean_head(out, block);
  if (!block.has_base()) return out.raw(block.payload).take();
  Decoder payload(block.payload, "block");
  encode_ranges(out, decode_ranges(payload, sizeof(Digest)), kShortName);
  return out.raw(payload.raw(payload.remaining())).take();
}

LeanBlock decode_lean(ByteView encoded) {
  Decoder in(encoded, "block");
  LeanBlock lean;
  Block& block = lean.block;
  block.codec = in.u8();
  const bool is_node = holds_nodes(in);
  lean.list = in.digest();
  const std::size_t count = object_count(in);
  block.objects.reserve(count);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    block.objects.push_back(object_of(in.varint(), is_node, in));
    sum += block.objects.back().size;
  }
  if (sum > kMaxBlockRaw) in.fail("objects larger together than a block may be");
  block.raw_size = static_cast<std::uint32_t>(sum);
  block.payload = payload_of(in, block);
  return lean;
}

std::size_t lean_object_count(ByteView encoded) noexcept {
  try {
    Decoder in(encoded, "block");
    in.u8();
    holds_nodes(in);
    in.digest();
    return object_count(in);
  } catch (const Error&) {
    return 0;
  }
}

Block with_digests(LeanBlock lean, const std::vector<Digest>& digests) {
  Block& block = lean.block;
  if (digests.size() != block.objects.size()) bug("a digest for each object");
  for (std::size_t i = 0; i < digests.size(); ++i) block.objects[i].digest = digests[i];
  if (list_digest(block.raw_size, block.objects) != lean.list) {
    throw Error(ErrorCode::damaged, "block", "its objects do not come to its list digest");
  }
  return std::move(block);
}

}  // namespace courier
