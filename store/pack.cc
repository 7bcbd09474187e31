#include "store/pack.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "base/codec.h"
#include "base/error.h"
#include "store/block_encoding.h"

namespace courier {

namespace {

constexpr std::string_view kHead = "PCLPACK1";
constexpr std::string_view kFoot = "PCLPKEND";
constexpr std::uint32_t kVersion = 2;

}  // namespace

std::string pack_subject(const Digest& pack) { return "pack " + pack.brief(); }

std::string block_subject(const Digest& pack, std::uint32_t block) {
  return pack_subject(pack) + ", block " + std::to_string(block);
}

Bytes encode(const PackIndex& index) {
  Encoder out;
  out.varint(index.blocks.size());
  for (const auto& block : index.blocks) {
    out.varint(block.size).digest(block.digest).u8(block.codec).varint(block.raw_size);
    encode_objects(out, block.objects);
  }
  return out.take();
}

PackIndex decode_pack_index(ByteView encoded) {
  Decoder in(encoded, "pack index");
  PackIndex index;
  const std::size_t count = in.count(kMaxPackBlocks, 70);
  if (count == 0) in.fail("a pack without blocks");
  index.blocks.reserve(count);
  std::uint64_t offset = kPackHeadSize;
  for (std::size_t i = 0; i < count; ++i) {
    PackedBlock block;
    block.offset = offset;
    block.size = static_cast<std::uint32_t>(in.varint(kMaxEncodedBlock));
    block.digest = in.digest();
    block.codec = in.u8();
    block.raw_size = static_cast<std::uint32_t>(in.varint(kMaxBlockRaw));
    block.objects = decode_objects(in, block.raw_size);
    if (block.size == 0) in.fail("a block of no bytes");
    offset += block.size;
    index.blocks.push_back(std::move(block));
  }
  in.expect_end();
  return index;
}

PackIndex read_pack_index(PackStorage& storage, const Digest& pack) {
  const auto fail = [&](std::string what) {
    return Error(ErrorCode::damaged, pack_subject(pack), std::move(what));
  };
  const std::uint64_t size = storage.size(pack);
  if (size < kPackHeadSize + kPackFootSize) throw fail("too short to be a pack");
  Bytes head(kPackHeadSize), foot(kPackFootSize);
  storage.read(pack, 0, head);
  if (as_text(head) != kHead) throw fail("does not begin as a pack does");
  storage.read(pack, size - kPackFootSize, foot);
  Decoder in(foot, pack_subject(pack) + ", its last bytes");
  const std::uint64_t offset = in.u64();
  const std::uint32_t index_size = in.u32();
  const std::uint32_t version = in.u32();
  if (as_text(in.raw(kFoot.size())) != kFoot) throw fail("does not end as a pack does");
  if (version != kVersion) throw fail("its version is " + std::to_string(version));
  if (index_size > kMaxPackIndex || index_size > size - kPackHeadSize - kPackFootSize ||
      offset != size - kPackFootSize - index_size) {
    throw fail("its index is not where its end says");
  }
  Bytes encoded(index_size);
  storage.read(pack, offset, encoded);
  if (digest_of(DigestKind::pack, encoded) != pack) throw fail("its index does not have its name");
  PackIndex index = decode_pack_index(encoded);
  const PackedBlock& last = index.blocks.back();
  if (last.offset + last.size != offset) throw fail("its blocks do not reach to its index");
  return index;
}

namespace {

Error bad_block(const PackedAt& at, const std::string& what) {
  return Error(ErrorCode::damaged, pack_subject(at.pack),
               "the block at byte " + std::to_string(at.offset) + " " + what);
}

// Its own bytes and what they say; not yet checked.
struct ReadBlock {
  std::unique_ptr<std::uint8_t[]> encoded;
  Block block;
};

ReadBlock fetch(PackStorage& storage, const PackedAt& at) {
  if (at.size > kMaxEncodedBlock) throw bad_block(at, "is beyond the limit");
  ReadBlock read{std::make_unique_for_overwrite<std::uint8_t[]>(at.size), {}};
  const MutableByteView encoded(read.encoded.get(), at.size);
  storage.read(at.pack, at.offset, encoded);
  try {
    read.block = decode_block(encoded);
  } catch (const Error& error) {
    throw bad_block(at, "is none: " + error.happened());
  }
  if (read.block.is_raw()) read.encoded.reset();
  return read;
}

// A raw one's is made of what lies before its payload, which its objects vouch for.
void check_objects(const Block& block, const PackedAt& at) {
  if (!block.is_raw()) return;
  try {
    verify_objects(block, block.payload);
  } catch (const Error& error) {
    throw bad_block(at, error.happened());
  }
}

}  // namespace

Block read_packed_block(PackStorage& storage, const Digest& pack, std::uint64_t offset,
                        std::uint32_t size, const Digest& digest) {
  return std::move(read_packed_blocks(storage, {{pack, offset, size, digest}}).front());
}

std::vector<Block> read_packed_blocks(PackStorage& storage, const std::vector<PackedAt>& places) {
  std::vector<ReadBlock> read;
  std::vector<Message> whole;  // of those that are not raw
  for (const PackedAt& at : places) {
    const ReadBlock& one = read.emplace_back(fetch(storage, at));
    if (one.encoded) whole.push_back({DigestKind::block, {one.encoded.get(), at.size}});
  }
  const std::vector<Digest> digests = digests_of(whole);
  std::vector<Block> blocks;
  std::size_t next = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    Block& block = read[i].block;
    // One block has one encoding: what was read is what block_digest() takes.
    const Digest digest = read[i].encoded ? digests[next++] : block_digest(block);
    if (digest != places[i].digest) throw bad_block(places[i], "does not have its digest");
    check_objects(block, places[i]);
    blocks.push_back(std::move(block));
  }
  return blocks;
}

PackWriter::PackWriter(PackStorage& storage) : sink_(storage.create()) {
  sink_->write(as_bytes(kHead));
  size_ = kHead.size();
}

std::uint32_t PackWriter::add(const Block& block) {
  const Bytes head = encode_before_payload(block);
  sink_->write(head);
  sink_->write(block.payload);
  PackedBlock packed;
  packed.offset = size_;
  packed.size = static_cast<std::uint32_t>(head.size() + block.payload.size());
  packed.digest = block_digest(block);
  packed.codec = block.codec;
  packed.raw_size = block.raw_size;
  packed.objects = block.objects;
  size_ += packed.size;
  objects_ += block.objects.size();
  index_.blocks.push_back(std::move(packed));
  return static_cast<std::uint32_t>(index_.blocks.size() - 1);
}

bool PackWriter::full() const { return size_ >= kPackBytes || objects_ >= kPackObjects; }

FinishedPack PackWriter::finish() {
  if (index_.blocks.empty()) bug("a pack without blocks");
  const Bytes encoded = encode(index_);
  Encoder foot;
  foot.u64(size_).u32(static_cast<std::uint32_t>(encoded.size())).u32(kVersion);
  foot.raw(as_bytes(kFoot));
  sink_->write(encoded);
  sink_->write(foot.view());
  size_ += encoded.size() + foot.size();
  FinishedPack finished{digest_of(DigestKind::pack, encoded), size_, std::move(index_)};
  sink_->commit(finished.name);
  return finished;
}

}  // namespace courier
