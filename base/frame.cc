#include "base/frame.h"

#include <algorithm>

#include "base/codec.h"
#include "base/error.h"
#include "base/xxh3.h"

namespace courier {

namespace {

constexpr std::array<std::uint8_t, 4> kMagic = {0xf5, 'P', 'C', 'L'};
constexpr std::size_t kCrcOffset = 28;

// CRC-32C (Castagnoli, reflected 0x82F63B78). Source: RFC 3720, appendix B.4. It only ever runs
// over 28 bytes, so the plain table is fast enough.
constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) ? 0x82f63b78u : 0);
    table[i] = crc;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

std::uint32_t crc32c(ByteView data) {
  std::uint32_t crc = 0xffffffffu;
  for (const std::uint8_t byte : data) crc = crc >> 8 ^ kCrcTable[(crc ^ byte) & 0xff];
  return ~crc;
}

}  // namespace

std::uint64_t frame_checksum(ByteView payload) {
  return XXH3_64bits(payload.data(), payload.size());
}

std::array<std::uint8_t, kFrameHeaderSize> encode_frame_header(FrameKind kind, std::uint64_t number,
                                                               ByteView payload) {
  if (payload.size() > kMaxFramePayload) bug("a frame's payload is too large");
  Encoder out;
  out.raw(kMagic).u8(static_cast<std::uint8_t>(kind)).u8(0).u16(0).u64(number);
  out.u32(static_cast<std::uint32_t>(payload.size())).u64(frame_checksum(payload));
  out.u32(crc32c(out.view()));
  std::array<std::uint8_t, kFrameHeaderSize> header;
  std::ranges::copy(out.view(), header.begin());
  return header;
}

ParsedFrame parse_frame_header(ByteView header) {
  if (header.size() != kFrameHeaderSize) bug("a frame header has 32 bytes");
  Decoder in(header, "frame header");
  ParsedFrame parsed;
  if (!std::ranges::equal(in.raw(kMagic.size()), kMagic)) {
    parsed.fault = FrameFault::no_magic;
    return parsed;
  }
  parsed.header.kind = in.u8();
  const std::uint8_t flags = in.u8();
  const std::uint16_t reserved = in.u16();
  parsed.header.number = in.u64();
  parsed.header.payload_size = in.u32();
  parsed.header.checksum = in.u64();
  if (in.u32() != crc32c(header.first(kCrcOffset)) || flags != 0 || reserved != 0) {
    parsed.fault = FrameFault::bad_header;
  } else if (parsed.header.payload_size > kMaxFramePayload) {
    parsed.fault = FrameFault::oversized;
  }
  return parsed;
}

}  // namespace courier
