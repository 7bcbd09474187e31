#include "store/block.h"

#include <algorithm>

#include "base/codec.h"
#include "base/error.h"
#include "store/block_encoding.h"
#include "store/zstd_frame.h"

namespace courier {

namespace {

// A sample this large says whether a block is worth compressing.
constexpr std::size_t kProbeSlices = 16;
constexpr std::size_t kProbeSlice = 4096;

Error bad_block(std::string what) { return Error(ErrorCode::damaged, "block", std::move(what)); }

std::uint8_t code_of(DigestKind kind) {
  switch (kind) {
    case DigestKind::chunk:
      return 1;
    case DigestKind::node:
      return 2;
    case DigestKind::root:
      return 3;
    default:
      bug("an object that is neither chunk nor node nor root");
  }
}

DigestKind kind_of(std::uint8_t code, const Decoder& in) {
  switch (code) {
    case 1:
      return DigestKind::chunk;
    case 2:
      return DigestKind::node;
    case 3:
      return DigestKind::root;
    default:
      in.fail("an object is of no known kind");
  }
}

}  // namespace

// Already compressed or encrypted content is known by a sample, in a hundredth of the time that
// the attempt would take.
bool looks_incompressible(ByteView raw) {
  if (raw.size() < 2 * kProbeSlices * kProbeSlice) return false;
  Bytes sample;
  sample.reserve(kProbeSlices * kProbeSlice);
  const std::size_t stride = raw.size() / kProbeSlices;
  for (std::size_t i = 0; i < kProbeSlices; ++i) {
    const auto slice = raw.subspan(i * stride, kProbeSlice);
    sample.insert(sample.end(), slice.begin(), slice.end());
  }
  const auto frame = compress_frame(sample, 1);
  return !frame || frame->size() > sample.size() - sample.size() / 50;
}

int zstd_level(Level level) {
  switch (level) {
    case Level::fast:
      return 1;
    case Level::standard:
      return 3;
    case Level::small:
      return 19;
  }
  bug("no such level");
}

std::optional<Level> parse_level(std::string_view word) {
  if (word == "fast") return Level::fast;
  if (word == "default") return Level::standard;
  if (word == "small") return Level::small;
  return std::nullopt;
}

namespace {

void encode_head(Encoder& out, const Block& block) {
  out.u8(block.codec).varint(block.raw_size);
  encode_objects(out, block.objects);
}

}  // namespace

void encode_objects(Encoder& out, const std::vector<BlockObject>& objects) {
  out.varint(objects.size());
  for (const auto& object : objects) {
    out.u8(code_of(object.kind)).digest(object.digest).varint(object.size);
  }
}

std::vector<BlockObject> decode_objects(Decoder& in, std::uint32_t raw_size) {
  const std::size_t count = in.count(kMaxBlockObjects, 34);
  if (count == 0) in.fail("a block without objects");
  std::vector<BlockObject> objects;
  objects.reserve(count);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    BlockObject object;
    object.kind = kind_of(in.u8(), in);
    object.digest = in.digest();
    object.size = static_cast<std::uint32_t>(in.varint(kMaxObjectSize));
    if (object.size == 0) in.fail("an object of no bytes");
    if (i > 0 && (object.kind == DigestKind::chunk) != (objects[0].kind == DigestKind::chunk)) {
      in.fail("chunks and nodes in one block");
    }
    sum += object.size;
    objects.push_back(object);
  }
  if (sum != raw_size) in.fail("the sizes of the objects do not add up to the block's");
  return objects;
}

Bytes encode(const Block& block) {
  Encoder out;
  encode_head(out, block);
  out.bytes(block.payload);
  return out.take();
}

Bytes encode_before_payload(const Block& block) {
  Encoder out;
  encode_head(out, block);
  return out.varint(block.payload.size()).take();
}

Digest block_digest(const Block& block) {
  Encoder head;
  encode_head(head, block);
  if (block.is_raw()) return digest_of(DigestKind::block, head.view());
  head.varint(block.payload.size());
  return Hasher(DigestKind::block).update(head.view()).update(block.payload).finish();
}

Block decode_block(ByteView encoded) {
  Decoder in(encoded, "block");
  Block block;
  block.codec = in.u8();
  block.raw_size = static_cast<std::uint32_t>(in.varint(kMaxBlockRaw));
  block.objects = decode_objects(in, block.raw_size);
  const ByteView payload = in.bytes(kMaxBlockRaw);
  in.expect_end();
  if (payload.empty()) in.fail("a block without a payload");
  if (block.is_raw() && payload.size() != block.raw_size) {
    in.fail("a raw block whose payload is not as long as its objects");
  }
  const bool is_zstd = block.codec == static_cast<std::uint8_t>(BlockCodec::zstd);
  if ((is_zstd || block.has_base()) && payload.size() >= block.raw_size) {
    in.fail("a compressed block that is no smaller than its objects");
  }
  block.payload = to_bytes(payload);
  return block;
}

Bytes decompress(const Block& block) {
  if (block.raw_size > kMaxBlockRaw) throw bad_block("larger than a block can be");
  const Bytes& in = block.payload;
  if (block.is_raw()) {
    if (in.size() != block.raw_size) throw bad_block("its payload has the wrong length");
    return in;
  }
  if (block.has_base()) throw bad_block("coded against a base, as only a parcel's record may be");
  if (block.codec != static_cast<std::uint8_t>(BlockCodec::zstd)) {
    throw Error(ErrorCode::unsupported, "block",
                "compressed with codec " + std::to_string(block.codec) + ", not known here");
  }
  return decompress_frame(in, block.raw_size, "block");
}

std::vector<Digest> digests_in(const Block& block, ByteView raw) {
  std::vector<Message> messages;
  messages.reserve(block.objects.size());
  std::size_t offset = 0;
  for (const auto& object : block.objects) {
    if (object.size > raw.size() - offset) throw bad_block("its objects are larger than it is");
    messages.push_back({object.kind, raw.subspan(offset, object.size)});
    offset += object.size;
  }
  if (offset != raw.size()) throw bad_block("its objects are smaller than it is");
  return digests_of(messages);
}

void verify_objects(const Block& block, ByteView raw) {
  const std::vector<Digest> digests = digests_in(block, raw);
  for (std::size_t i = 0; i < digests.size(); ++i) {
    const Digest& stated = block.objects[i].digest;
    if (digests[i] != stated) {
      throw bad_block("its bytes do not have the digest " + stated.brief());
    }
  }
}

Bytes verify_and_decompress(const Block& block) {
  Bytes raw = decompress(block);
  verify_objects(block, raw);
  return raw;
}

bool BlockBuilder::fits(DigestKind kind, std::size_t size) const {
  if (objects_.empty()) return true;
  const bool same_sort =
      (kind == DigestKind::chunk) == (objects_.front().kind == DigestKind::chunk);
  return same_sort && objects_.size() < kMaxBlockObjects && raw_.size() + size <= kMaxBlockRaw;
}

void BlockBuilder::add(DigestKind kind, const Digest& digest, ByteView data) {
  if (data.empty() || data.size() > kMaxObjectSize || !fits(kind, data.size())) {
    bug("an object added to a block that it does not fit");
  }
  if (raw_.capacity() == 0 && kind == DigestKind::chunk) raw_.reserve(kMaxBlockRaw);
  objects_.push_back({kind, digest, static_cast<std::uint32_t>(data.size())});
  raw_.insert(raw_.end(), data.begin(), data.end());
}

BlockBuilder::Raw BlockBuilder::take() {
  Raw out{std::move(objects_), std::move(raw_)};
  objects_ = {};
  raw_ = {};
  return out;
}

Block compress_block(BlockBuilder::Raw gathered, Level level) {
  Block block;
  block.raw_size = static_cast<std::uint32_t>(gathered.raw.size());
  block.objects = std::move(gathered.objects);
  if (gathered.raw.size() > 1 && !looks_incompressible(gathered.raw)) {
    if (auto frame = compress_frame(gathered.raw, zstd_level(level))) {
      frame->shrink_to_fit();
      block.codec = static_cast<std::uint8_t>(BlockCodec::zstd);
      block.payload = std::move(*frame);
      return block;
    }
  }
  block.codec = static_cast<std::uint8_t>(BlockCodec::raw);
  block.payload = std::move(gathered.raw);
  return block;
}

}  // namespace courier
