#include "store/pack.h"

#include <algorithm>
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

Block read_packed_block(PackStorage& storage, const Digest& pack, std::uint64_t offset,
                        std::uint32_t size, const Digest& digest) {
  const auto fail = [&](const std::string& what) {
    return Error(ErrorCode::damaged, pack_subject(pack),
                 "the block at byte " + std::to_string(offset) + " " + what);
  };
  if (size > kMaxEncodedBlock) throw fail("is beyond the limit");
  Bytes encoded(size);
  storage.read(pack, offset, encoded);
  Block block;
  try {
    block = decode_block(encoded);
  } catch (const Error& error) {
    throw fail("is none: " + error.happened());
  }
  if (block_digest(block) != digest) throw fail("does not have its digest");
  if (block.is_raw()) {
    try {
      verify_objects(block, block.payload);
    } catch (const Error& error) {
      throw fail(error.happened());
    }
  }
  return block;
}

PackWriter::PackWriter(PackStorage& storage) : sink_(storage.create()) {
  sink_->write(as_bytes(kHead));
  size_ = kHead.size();
}

std::uint32_t PackWriter::add(const Block& block) {
  const Bytes encoded = encode(block);
  sink_->write(encoded);
  PackedBlock packed;
  packed.offset = size_;
  packed.size = static_cast<std::uint32_t>(encoded.size());
  packed.digest = block_digest(block);
  packed.codec = block.codec;
  packed.raw_size = block.raw_size;
  packed.objects = block.objects;
  size_ += encoded.size();
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
