// Bytes that begin like a parcel: enough for what handles parcels without opening them.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/codec.h"
#include "base/digest.h"
#include "base/frame.h"
#include "base/volume_header.h"
#include "media/volume_bytes.h"

namespace courier::test {

inline void append_frame(Bytes& out, FrameKind kind, std::uint64_t number, ByteView payload) {
  const auto header = encode_frame_header(kind, number, payload);
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), payload.begin(), payload.end());
}

// A volume header, a label and one record with record_size bytes.
inline Bytes parcel_like(std::size_t record_size, std::uint8_t filler = 0x5a) {
  Bytes out;
  append_frame(out, FrameKind::volume_header, 0, encode_volume_header({}));
  append_frame(out, FrameKind::label, 0, Bytes(300, 2));
  append_frame(out, FrameKind::record, 0, Bytes(record_size, filler));
  return out;
}

// A whole parcel to whoever has no keys: volume 1 of 1 with a head and an end of the right sizes,
// and a record of each of these sizes.
inline Bytes keyless_parcel(const std::vector<std::size_t>& record_sizes,
                            std::uint64_t end_record = kToTheEnd, std::uint64_t first_record = 0,
                            std::optional<std::uint64_t> record_count = std::nullopt) {
  const Bytes label(300, 2);
  VolumeHeader header;
  header.first_record = first_record;
  header.end_record = end_record;
  header.label_digest = digest_of(DigestKind::label, ByteView(label).first(label.size() - 64));
  Bytes out;
  append_frame(out, FrameKind::volume_header, 0, encode_volume_header(header));
  append_frame(out, FrameKind::label, 0, label);
  append_frame(out, FrameKind::key_slots, 0, Bytes(147, 3));
  append_frame(out, FrameKind::packing_list, 0, Bytes(90, 4));
  std::uint64_t number = first_record;
  for (const std::size_t size : record_sizes) {
    append_frame(out, FrameKind::record, number, Bytes(size, static_cast<std::uint8_t>(number)));
    ++number;
  }
  Encoder end;
  end.u64(record_count.value_or(number)).raw(Bytes(64, 6));
  append_frame(out, FrameKind::end, 0, end.view());
  return out;
}

// The bytes as a volume; they are copied.
inline VolumeBytes volume_of(const Bytes& content) {
  return {content.size(), [content](std::uint64_t offset, MutableByteView out) {
            const auto at = std::min<std::size_t>(offset, content.size());
            const std::size_t n = std::min(out.size(), content.size() - at);
            std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(at), n, out.begin());
            return n;
          }};
}

inline Bytes all_of(const VolumeBytes& volume) {
  Bytes out(volume.size);
  out.resize(volume.read_at(0, out));
  return out;
}

}  // namespace courier::test
