#include "parcel/record.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/codec.h"
#include "base/error.h"
#include "base/frame.h"
#include "parcel/aead.h"
#include "store/lean_block.h"

namespace courier {

namespace {

constexpr std::size_t kEndSize = 8 + kSignatureSize;
constexpr std::size_t kSealedAt = kFrameHeaderSize + 1;  // in a frame, behind the kind

Bytes associated_data(const PublicKey& parcel_key, std::uint64_t number, std::uint8_t kind) {
  return Encoder().raw(parcel_key).u64(number).u8(kind).take();
}

Bytes signed_part(const Digest& label_digest, std::uint64_t number, std::uint8_t kind,
                  const Digest& sealed) {
  return Encoder().digest(label_digest).u64(number).u8(kind).digest(sealed).take();
}

Bytes end_part(const Digest& label_digest, std::uint64_t record_count) {
  return Encoder().digest(label_digest).u64(record_count).take();
}

Bytes framed(FrameKind kind, std::uint64_t number, ByteView payload) {
  Bytes frame;
  frame.reserve(kFrameHeaderSize + payload.size());
  const auto header = encode_frame_header(kind, number, payload);
  frame.insert(frame.end(), header.begin(), header.end());
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

// A record's payload cut into its parts.
struct Parts {
  std::uint8_t kind;
  ByteView sealed, signature;
};

std::optional<Parts> parts_of(const RawRecord& record) {
  const ByteView payload = record.payload;
  if (!record.intact || payload.size() < kRecordOverhead || payload.size() > kMaxRecordSize) {
    return std::nullopt;
  }
  return Parts{payload[0], payload.subspan(1, payload.size() - 1 - kSignatureSize),
               payload.last(kSignatureSize)};
}

bool is_known(std::uint8_t kind) {
  return kind == static_cast<std::uint8_t>(RecordKind::block) ||
         kind == static_cast<std::uint8_t>(RecordKind::lean_block);
}

}  // namespace

RecordSealer::RecordSealer(const Digest& label_digest, SigningKey parcel_key, Secret record_key)
    : label_digest_(label_digest),
      parcel_key_(std::move(parcel_key)),
      record_key_(std::move(record_key)) {}

void RecordSealer::use_nonce(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  if (sealed_.contains(number)) bug("a record's number is sealed once");
  sealed_.add(number);
}

Bytes RecordSealer::seal(std::uint64_t number, const Block& block, RecordKind kind) const {
  return std::move(sign({seal_unsigned(number, block, kind)}).front());
}

Bytes RecordSealer::seal(std::uint64_t number, std::uint8_t kind, ByteView plaintext) const {
  return std::move(sign({seal_parts(number, kind, plaintext, {})}).front());
}

UnsignedRecord RecordSealer::seal_unsigned(std::uint64_t number, const Block& block,
                                           RecordKind kind) const {
  const auto code = static_cast<std::uint8_t>(kind);
  if (kind == RecordKind::block) {
    return seal_parts(number, code, encode_before_payload(block), block.payload);
  }
  if (block.has_base()) return seal_parts(number, code, encode_lean(block), {});
  return seal_parts(number, code, encode_lean_before_payload(block), block.payload);
}

// One buffer from the plaintext to the frame: it is copied once and sealed where it lies.
UnsignedRecord RecordSealer::seal_parts(std::uint64_t number, std::uint8_t kind, ByteView head,
                                        ByteView rest) const {
  const std::size_t size = head.size() + rest.size();
  if (size > kMaxRecordPlaintext) {
    throw Error(ErrorCode::usage, fmt::format("record {}", number),
                fmt::format("has {} bytes, at most {} are allowed", size, kMaxRecordPlaintext));
  }
  use_nonce(number);
  UnsignedRecord record{number, {}};
  Bytes& frame = record.frame;
  frame.reserve(kFrameHeaderSize + kRecordOverhead + size);
  frame.resize(kFrameHeaderSize);
  frame.push_back(kind);
  frame.insert(frame.end(), head.begin(), head.end());
  frame.insert(frame.end(), rest.begin(), rest.end());
  frame.resize(frame.size() + kAeadTagSize);
  seal_in_place(std::span(frame).subspan(kSealedAt), record_key_.view(), number,
                associated_data(parcel_key_.public_key(), number, kind));
  return record;
}

std::vector<Bytes> RecordSealer::sign(std::vector<UnsignedRecord> records) const {
  std::vector<Message> sealed;
  for (const UnsignedRecord& record : records) {
    sealed.push_back({DigestKind::record, ByteView(record.frame).subspan(kSealedAt)});
  }
  const std::vector<Digest> digests = digests_of(sealed);
  std::vector<Bytes> frames;
  for (std::size_t i = 0; i < records.size(); ++i) {
    Bytes& frame = frames.emplace_back(std::move(records[i].frame));
    const std::uint64_t number = records[i].number;
    const auto signature =
        parcel_key_.sign(DigestKind::record_signature,
                         signed_part(label_digest_, number, frame[kFrameHeaderSize], digests[i]));
    frame.insert(frame.end(), signature.begin(), signature.end());
    std::ranges::copy(
        encode_frame_header(FrameKind::record, number, ByteView(frame).subspan(kFrameHeaderSize)),
        frame.begin());
  }
  return frames;
}

Bytes RecordSealer::seal_end(std::uint64_t record_count) const {
  Encoder out;
  out.u64(record_count);
  out.raw(parcel_key_.sign(DigestKind::end_signature, end_part(label_digest_, record_count)));
  return framed(FrameKind::end, 0, out.view());
}

RecordStatus authenticate(const RawRecord& record, const Digest& label_digest,
                          const PublicKey& parcel_key) {
  const auto parts = parts_of(record);
  if (!parts) return RecordStatus::damaged;
  if (!verify(parcel_key, DigestKind::record_signature,
              signed_part(label_digest, record.number, parts->kind,
                          digest_of(DigestKind::record, parts->sealed)),
              parts->signature)) {
    return RecordStatus::forged;
  }
  return is_known(parts->kind) ? RecordStatus::ok : RecordStatus::unknown_kind;
}

RecordOpener::RecordOpener(const Digest& label_digest, const PublicKey& parcel_key,
                           Secret record_key)
    : label_digest_(label_digest), parcel_key_(parcel_key), record_key_(std::move(record_key)) {}

OpenedRecord RecordOpener::open(const RawRecord& record) const {
  OpenedRecord opened;
  opened.number = record.number;
  opened.status = authenticate(record, label_digest_, parcel_key_);
  if (!opened.ok()) return opened;
  const auto parts = parts_of(record);
  opened.kind = static_cast<RecordKind>(parts->kind);
  auto plaintext =
      open_sealed(record_key_.view(), record.number,
                  associated_data(parcel_key_, record.number, parts->kind), parts->sealed);
  if (plaintext) {
    opened.plaintext = std::move(*plaintext);
  } else {
    // The sender itself made it wrong: nobody else could have signed it.
    opened.status = RecordStatus::forged;
  }
  return opened;
}

std::uint64_t verify_end(ByteView payload, const Digest& label_digest,
                         const PublicKey& parcel_key) {
  if (payload.size() != kEndSize) {
    throw Error(ErrorCode::damaged, "end record",
                fmt::format("has {} bytes, {} wanted", payload.size(), kEndSize));
  }
  Decoder in(payload, "end record");
  const std::uint64_t count = in.u64();
  if (!verify(parcel_key, DigestKind::end_signature, end_part(label_digest, count),
              in.raw(kSignatureSize))) {
    throw Error(ErrorCode::bad_signature, "end record",
                fmt::format("says {} records, but is not signed by the parcel's key", count));
  }
  return count;
}

}  // namespace courier
