// Block: objects gathered in order and compressed together; the unit that packs store and that
// parcels carry as the plaintext of a record. Byte table: store/OBJECTS.md, "Block".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"

namespace courier {

inline constexpr std::uint32_t kMaxBlockRaw = 4u << 20;      // of a block's objects, together
inline constexpr std::uint32_t kMaxObjectSize = 1u << 20;    // of one object
inline constexpr std::uint32_t kMaxBlockObjects = 16'384;    // in one block
inline constexpr std::uint32_t kMaxEncodedBlock = 5u << 20;  // of a whole encoded block

// The last two need a base, and are in records of parcels only: block_against.h.
enum class BlockCodec : std::uint8_t { raw = 0, zstd = 1, difference = 2, prefix = 3 };

// How hard to compress: zstd 1, 3 and 19.
enum class Level { fast, standard, small };
// "fast", "default", "small".
std::optional<Level> parse_level(std::string_view word);

struct BlockObject {
  DigestKind kind = DigestKind::chunk;  // chunk, node or root
  Digest digest;
  std::uint32_t size = 0;  // at least 1
  bool operator==(const BlockObject&) const = default;
};

struct Block {
  std::uint8_t codec = 0;  // BlockCodec; a value not known here is refused when it is opened
  std::uint32_t raw_size = 0;
  std::vector<BlockObject> objects;  // in the order in which they lie in the raw bytes
  Bytes payload;

  bool is_raw() const { return codec == static_cast<std::uint8_t>(BlockCodec::raw); }
  // Whether it opens only with the old content that it was coded against: block_against.h.
  bool has_base() const {
    return codec == static_cast<std::uint8_t>(BlockCodec::difference) ||
           codec == static_cast<std::uint8_t>(BlockCodec::prefix);
  }
  // Data blocks hold chunks only, node blocks nodes and roots only.
  bool holds_nodes() const { return !objects.empty() && objects.front().kind != DigestKind::chunk; }
  bool operator==(const Block&) const = default;
};

Bytes encode(const Block& block);
// All of it before the bytes of the payload.
Bytes encode_before_payload(const Block& block);

// What a pack's index holds of each block: the digest of the encoded block, of a raw one without
// its payload, which the digests of its objects vouch for already (OBJECTS.md, section 8).
Digest block_digest(const Block& block);

// Parses a block and checks every size in it against the limits; the payload stays as it is.
// Errors: damaged.
Block decode_block(ByteView encoded);

// Opens the payload; returns the raw bytes, objects one after the other. No more than raw_size
// bytes are ever produced, so a bomb ends there. Of what was authenticated as a whole only.
// Errors: damaged, also when it needs a base; unsupported, when the codec is not known.
Bytes decompress(const Block& block);
// The digests of the objects in these raw bytes, in their order. Errors: damaged, when they are not
// as long as the objects together.
std::vector<Digest> digests_in(const Block& block, ByteView raw);
// Checks every object against its digest. raw: the block's bytes. Errors: damaged.
void verify_objects(const Block& block, ByteView raw);
// Both. Errors: as these.
Bytes verify_and_decompress(const Block& block);

// Gathers objects into one block.
class BlockBuilder {
 public:
  // False when the object would not fit any more (or is of the other sort than those inside): take
  // the block, then add again. Precondition: 1 <= data.size() <= kMaxObjectSize.
  bool fits(DigestKind kind, std::size_t size) const;
  void add(DigestKind kind, const Digest& digest, ByteView data);
  bool empty() const { return objects_.empty(); }
  std::size_t raw_size() const { return raw_.size(); }

  // What was gathered, not yet compressed; the builder is empty afterwards.
  struct Raw {
    std::vector<BlockObject> objects;
    Bytes raw;
  };
  Raw take();

 private:
  std::vector<BlockObject> objects_;
  Bytes raw_;
};

// Compresses what a builder gathered; stored raw when that is no larger. Thread-safe.
Block compress_block(BlockBuilder::Raw gathered, Level level);

}  // namespace courier
