// Pack: an immutable file of blocks with its own index at its end, named by the digest of that
// index. The index holds the digest of every block, so the name vouches for all of it. Byte table:
// store/OBJECTS.md, "Pack".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "store/block.h"
#include "store/pack_storage.h"

namespace courier {

// A pack is closed at the first block that takes it past one of these.
inline constexpr std::uint64_t kPackBytes = 64u << 20;
inline constexpr std::size_t kPackObjects = 65'536;
// Limits of a reader.
inline constexpr std::size_t kMaxPackBlocks = 65'536;
inline constexpr std::uint32_t kMaxPackIndex = 16u << 20;
inline constexpr std::size_t kPackHeadSize = 8;
inline constexpr std::size_t kPackFootSize = 24;

struct PackedBlock {
  std::uint64_t offset = 0;  // in the pack; blocks lie one after the other
  std::uint32_t size = 0;    // encoded
  Digest digest;             // block_digest()
  std::uint8_t codec = 0;
  std::uint32_t raw_size = 0;
  std::vector<BlockObject> objects;
  bool operator==(const PackedBlock&) const = default;
};

struct PackIndex {
  std::vector<PackedBlock> blocks;
};

Bytes encode(const PackIndex& index);
PackIndex decode_pack_index(ByteView encoded);  // Errors: damaged

// Reads and authenticates a pack's index. Errors: damaged, not_found, device.
PackIndex read_pack_index(PackStorage& storage, const Digest& pack);

// A block as it was written: checked against its digest, a raw one by its objects, too.
// Errors: damaged, not_found, device.
Block read_packed_block(PackStorage& storage, const Digest& pack, std::uint64_t offset,
                        std::uint32_t size, const Digest& digest);
// Several, whose digests are made side by side. Errors: those of any of them.
struct PackedAt {
  Digest pack;
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
  Digest digest;
};
std::vector<Block> read_packed_blocks(PackStorage& storage, const std::vector<PackedAt>& places);

// "pack 0123456789ab, block 3"
std::string pack_subject(const Digest& pack);
std::string block_subject(const Digest& pack, std::uint32_t block);

struct FinishedPack {
  Digest name;
  std::uint64_t size = 0;
  PackIndex index;
};

// Writes one pack.
class PackWriter {
 public:
  explicit PackWriter(PackStorage& storage);
  // Returns the block's number. Errors: no_space, device.
  std::uint32_t add(const Block& block);
  bool full() const;
  std::uint64_t size() const { return size_; }
  std::size_t blocks() const { return index_.blocks.size(); }
  // Ensures: the pack is durable under its name. Precondition: at least one block. Once.
  FinishedPack finish();

 private:
  std::unique_ptr<PackSink> sink_;
  PackIndex index_;
  std::uint64_t size_ = 0;
  std::size_t objects_ = 0;
};

}  // namespace courier
