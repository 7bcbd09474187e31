// The record frame: what media handle without keys and without knowing the format: length, number,
// kind, checksum.
//
// 32 bytes, little-endian, in front of each payload (parcel/FORMAT.md, "Frames"):
// clang-format off
//   0  4  magic 0xF5 'P' 'C' 'L'
//   4  1  kind (FrameKind; readers skip kinds they do not know)
//   5  1  flags, 0
//   6  2  reserved, 0
//   8  8  number (of a record; else 0)
//  16  4  payload length, at most kMaxFramePayload
//  20  8  XXH3-64 of the payload
//  28  4  CRC-32C of bytes 0 to 27
// clang-format on
// The checksums find accidental damage only; what is genuine is said by the signatures inside.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace courier {

inline constexpr std::size_t kFrameHeaderSize = 32;
inline constexpr std::uint32_t kMaxFramePayload = 32u << 20;

enum class FrameKind : std::uint8_t {
  volume_header = 1,
  label = 2,
  key_slots = 3,
  packing_list = 4,
  record = 5,
  end = 6,
  recovery = 7,
  spare = 8,
};

struct FrameHeader {
  std::uint8_t kind = 0;  // unknown kinds are skipped by readers, so this is not the enum
  std::uint64_t number = 0;
  std::uint32_t payload_size = 0;
  std::uint64_t checksum = 0;
};

std::uint64_t frame_checksum(ByteView payload);
std::array<std::uint8_t, kFrameHeaderSize> encode_frame_header(FrameKind kind, std::uint64_t number,
                                                               ByteView payload);

// What 32 bytes say.
enum class FrameFault { none, no_magic, bad_header, oversized };
struct ParsedFrame {
  FrameFault fault = FrameFault::none;
  FrameHeader header;
};
ParsedFrame parse_frame_header(ByteView header);  // precondition: 32 bytes

}  // namespace courier
