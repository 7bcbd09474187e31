#include "media/volume_mark.h"

#include <algorithm>
#include <array>

#include "base/codec.h"
#include "base/error.h"
#include "base/frame.h"
#include "base/safe_path.h"

namespace courier {

namespace {

constexpr std::array<std::uint8_t, 8> kMagic{'P', 'C', 'L', 'm', 'a', 'r', 'k', 0x1A};
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kMaxName = 255;
constexpr std::size_t kChecksumAt = kVolumeMarkSize - 8;
constexpr std::uint64_t kMostBytes = INT64_MAX;

}  // namespace

Bytes encode_volume_mark(const VolumeMark& mark) {
  Encoder out;
  out.raw(kMagic).u16(kVersion).u8(static_cast<std::uint8_t>(mark.kind)).u8(0);
  out.u64(mark.position).u64(mark.size).u32(mark.record_size);
  out.raw(mark.digest.view()).bytes(as_bytes(mark.name));
  Bytes block = out.take();
  block.resize(kChecksumAt);
  Encoder checksum;
  checksum.u64(frame_checksum(block));
  const ByteView end = checksum.view();
  block.insert(block.end(), end.begin(), end.end());
  return block;
}

bool begins_like_mark(ByteView beginning) {
  const std::size_t n = std::min(beginning.size(), kMagic.size());
  return std::equal(kMagic.begin(), kMagic.begin() + static_cast<std::ptrdiff_t>(n),
                    beginning.begin());
}

std::optional<VolumeMark> parse_volume_mark(ByteView block) {
  if (block.size() != kVolumeMarkSize || !std::ranges::equal(block.first(8), kMagic)) {
    return std::nullopt;
  }
  try {
    Decoder checksum(block.subspan(kChecksumAt), "volume mark");
    if (checksum.u64() != frame_checksum(block.first(kChecksumAt))) return std::nullopt;
    Decoder in(block.first(kChecksumAt), "volume mark");
    in.raw(kMagic.size());
    if (in.u16() != kVersion) return std::nullopt;
    VolumeMark mark;
    const std::uint8_t kind = in.u8();
    if (kind < 1 || kind > 4 || in.u8() != 0) return std::nullopt;
    mark.kind = static_cast<VolumeMark::Kind>(kind);
    mark.position = in.u64();
    mark.size = in.u64();
    mark.record_size = in.u32();
    mark.digest = Digest::from(in.raw(32));
    mark.name = to_string(in.bytes(kMaxName));
    if (mark.position > kMostBytes || mark.size > kMostBytes) return std::nullopt;
    SafeName::parse(mark.name);
    const ByteView rest = in.raw(in.remaining());
    if (std::ranges::any_of(rest, [](std::uint8_t b) { return b != 0; })) return std::nullopt;
    return mark;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace courier
