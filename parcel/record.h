// Record: one sealed and signed piece of a parcel's content. parcel/FORMAT.md, "Records".
//
// Sealing and opening are pure and thread-safe, so that the builder and the despooler run them in a
// pool. A record's nonce is its number under a key that one build of one parcel uses: each number
// is sealed once. Record signatures are made by the parcel's own key, over the label digest: they
// say that the sender made this record for this parcel at this number, without the content key.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/secret.h"
#include "parcel/label.h"
#include "parcel/record_ranges.h"
#include "store/block.h"

namespace courier {

enum class RecordKind : std::uint8_t {
  block = 1,       // an encoded store block (store/OBJECTS.md)
  lean_block = 2,  // the same without the digests of its objects
};

// A record's plaintext is at most this, so that an overgrown one is refused before it is opened.
inline constexpr std::size_t kMaxRecordPlaintext = 8u << 20;
inline constexpr std::size_t kRecordOverhead = 1 + 16 + kSignatureSize;  // kind, tag, signature
inline constexpr std::size_t kMaxRecordSize = kMaxRecordPlaintext + kRecordOverhead;

// What the reader found at one place of the stream, not yet authenticated.
struct RawRecord {
  std::uint64_t number = 0;
  bool intact = false;  // length and checksum fit; not: that it is genuine
  Bytes payload;        // empty unless intact
};

enum class RecordStatus : std::uint8_t {
  ok,
  damaged,       // bytes are not what was written
  forged,        // intact, but not made by the sender for this label and number
  unknown_kind,  // genuine, of a kind that this program does not know
};

// A record as its sender sealed it: authentic and decrypted, and of what it says nothing is known.
struct OpenedRecord {
  std::uint64_t number = 0;
  RecordStatus status = RecordStatus::damaged;
  RecordKind kind = RecordKind::block;  // of ok only
  Bytes plaintext;                      // of ok only: to be decoded in a confined child first
  bool ok() const { return status == RecordStatus::ok; }
};

// A record that is sealed and not signed yet. Some are best signed at once, kSignedTogether of
// them: their digests are then made side by side, four times as fast as one after the other.
struct UnsignedRecord {
  std::uint64_t number = 0;
  Bytes frame;  // room for the header, then kind and sealed bytes
};
inline constexpr std::size_t kSignedTogether = 8;

// Seals records of one parcel under build. Thread-safe. A number is sealed once: a second time
// would use its nonce again, and is a bug that ends the build.
class RecordSealer {
 public:
  // record_key: 32 bytes.
  RecordSealer(const Digest& label_digest, SigningKey parcel_key, Secret record_key);
  // The whole frame of record `number`. Errors: usage, when the block is beyond
  // kMaxRecordPlaintext.
  Bytes seal(std::uint64_t number, const Block& block, RecordKind kind = RecordKind::block) const;
  Bytes seal(std::uint64_t number, std::uint8_t kind, ByteView plaintext) const;
  // The same in two steps.
  UnsignedRecord seal_unsigned(std::uint64_t number, const Block& block, RecordKind kind) const;
  std::vector<Bytes> sign(std::vector<UnsignedRecord> records) const;
  // The whole frame of the end.
  Bytes seal_end(std::uint64_t record_count) const;

 private:
  void use_nonce(std::uint64_t number) const;
  UnsignedRecord seal_parts(std::uint64_t number, std::uint8_t kind, ByteView head,
                            ByteView rest) const;

  Digest label_digest_;
  SigningKey parcel_key_;
  Secret record_key_;
  mutable std::mutex mutex_;
  mutable RecordRanges sealed_;  // under mutex_
};

// Says whether a record is genuine, without the content key. Never opens it. Thread-safe.
RecordStatus authenticate(const RawRecord& record, const Digest& label_digest,
                          const PublicKey& parcel_key);

// Opens records of one parcel. Thread-safe.
class RecordOpener {
 public:
  RecordOpener(const Digest& label_digest, const PublicKey& parcel_key, Secret record_key);
  // Authenticates, then decrypts; never throws for what the bytes are.
  OpenedRecord open(const RawRecord& record) const;

 private:
  Digest label_digest_;
  PublicKey parcel_key_;
  Secret record_key_;
};

// Checks the end's payload and returns the count it states. Errors: damaged, bad_signature.
std::uint64_t verify_end(ByteView payload, const Digest& label_digest, const PublicKey& parcel_key);

}  // namespace courier
