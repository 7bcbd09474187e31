// Bytes that begin like a parcel: enough for what handles parcels without opening them.
#pragma once

#include "base/bytes.h"
#include "base/frame.h"

namespace courier::test {

inline void append_frame(Bytes& out, FrameKind kind, std::uint64_t number, ByteView payload) {
  const auto header = encode_frame_header(kind, number, payload);
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), payload.begin(), payload.end());
}

// A volume header, a label and one record with record_size bytes.
inline Bytes parcel_like(std::size_t record_size, std::uint8_t filler = 0x5a) {
  Bytes out;
  append_frame(out, FrameKind::volume_header, 0, Bytes(40, 1));
  append_frame(out, FrameKind::label, 0, Bytes(300, 2));
  append_frame(out, FrameKind::record, 0, Bytes(record_size, filler));
  return out;
}

}  // namespace courier::test
