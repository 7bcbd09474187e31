// Parcels taken apart into frames and put together again with right checksums, and labels changed
// and signed again: what someone with a key and bad intentions would do.
#pragma once

#include <functional>
#include <stdexcept>
#include <vector>

#include "base/frame.h"
#include "base/volume_header.h"
#include "parcel/label.h"
#include "signer/key_ring.h"

namespace courier::test {

struct LooseFrame {
  std::uint8_t kind = 0;
  std::uint64_t number = 0;
  Bytes payload;
  FrameKind frame_kind() const { return static_cast<FrameKind>(kind); }
};

// Where the head's frames stand in a parcel as ParcelWriter makes it; records follow.
inline constexpr std::size_t kVolumeAt = 0, kLabelAt = 1, kSlotsAt = 2, kListAt = 3, kRecordsAt = 4;

inline void append(Bytes& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

// Precondition: the parcel is whole.
inline std::vector<LooseFrame> take_apart(ByteView parcel) {
  std::vector<LooseFrame> frames;
  while (!parcel.empty()) {
    const auto parsed = parse_frame_header(parcel.first(kFrameHeaderSize));
    if (parsed.fault != FrameFault::none) throw std::runtime_error("no whole parcel");
    const auto payload = parcel.subspan(kFrameHeaderSize, parsed.header.payload_size);
    frames.push_back({parsed.header.kind, parsed.header.number, to_bytes(payload)});
    parcel = parcel.subspan(kFrameHeaderSize + payload.size());
  }
  return frames;
}

inline Bytes put_together(const std::vector<LooseFrame>& frames) {
  Bytes out;
  for (const auto& frame : frames) {
    append(out, encode_frame_header(frame.frame_kind(), frame.number, frame.payload));
    append(out, frame.payload);
  }
  return out;
}

// The same parcel under a changed label body, signed by `signer`.
inline Bytes with_label_body(ByteView parcel, const std::function<void(Bytes& body)>& change,
                             const KeyRing& signer) {
  auto frames = take_apart(parcel);
  Bytes& label = frames[kLabelAt].payload;
  label.resize(label.size() - kSignatureSize);
  change(label);
  VolumeHeader volume = parse_volume_header(frames[kVolumeAt].payload);
  volume.label_digest = label_digest(label);
  frames[kVolumeAt].payload = encode_volume_header(volume);
  append(label, signer.sign(DigestKind::label_signature, label));
  return put_together(frames);
}

inline Bytes with_label(ByteView parcel, const std::function<void(Label&)>& change,
                        const KeyRing& signer) {
  return with_label_body(
      parcel,
      [&](Bytes& body) {
        Label label = parse_label(body);
        change(label);
        body = encode_label(label);
      },
      signer);
}

// Makes a frame in `file` at `offset` state another payload length, under a right header checksum.
inline void state_length(Bytes& file, std::size_t offset, std::uint32_t length) {
  const auto put = [&](std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) {
      file[offset + at + i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
  };
  put(16, length);
  std::uint32_t crc = 0xffffffffu;  // CRC-32C, bit by bit
  for (std::size_t i = 0; i < 28; ++i) {
    crc ^= file[offset + i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
  }
  put(28, ~crc);
}

// The offset of frame n in the file.
inline std::size_t offset_of(const std::vector<LooseFrame>& frames, std::size_t n) {
  std::size_t offset = 0;
  for (std::size_t i = 0; i < n; ++i) offset += kFrameHeaderSize + frames[i].payload.size();
  return offset;
}

}  // namespace courier::test
