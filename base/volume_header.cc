#include "base/volume_header.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/codec.h"
#include "base/error.h"
#include "base/frame.h"

namespace courier {

namespace {

constexpr std::string_view kMark = "Courier parcel\r\n";  // 16 bytes
constexpr std::uint16_t kVersion = 1;
constexpr std::string_view kFrameMark = "\xF5PCL";
constexpr std::size_t kReservedAtEnd = 32;

bool has_at(ByteView bytes, std::size_t offset, std::string_view mark) {
  return bytes.size() >= offset + mark.size() &&
         as_text(bytes.subspan(offset, mark.size())) == mark;
}

}  // namespace

Bytes encode_volume_header(const VolumeHeader& header) {
  Encoder out;
  out.raw(as_bytes(kMark)).u16(kVersion).u16(0).u32(header.number).u32(header.of).u32(0);
  out.raw(header.cut).u64(header.first_record).u64(header.end_record).digest(header.label_digest);
  out.raw(Bytes(kReservedAtEnd));
  return out.take();
}

VolumeHeader parse_volume_header(ByteView payload, const std::string& subject) {
  Decoder in(payload, subject);
  if (as_text(in.raw(kMark.size())) != kMark) in.fail("does not begin as one");
  const std::uint16_t version = in.u16();
  if (version > kVersion) {
    throw Error(ErrorCode::unsupported, subject,
                fmt::format("is of version {}, this courier reads up to {}", version, kVersion));
  }
  if (version == 0) in.fail("has version 0");
  if (in.u16() != 0) in.fail("has a reserved field that is not 0");
  VolumeHeader header;
  header.number = in.u32();
  header.of = in.u32();
  if (in.u32() != 0) in.fail("has a reserved field that is not 0");
  std::ranges::copy(in.raw(header.cut.size()), header.cut.begin());
  header.first_record = in.u64();
  header.end_record = in.u64();
  header.label_digest = in.digest();
  const ByteView reserved = in.raw(kReservedAtEnd);
  if (std::ranges::any_of(reserved, [](auto b) { return b != 0; })) {
    in.fail("has a reserved field that is not 0");
  }
  in.expect_end();
  if (header.number == 0 || (header.of != 0 && header.number > header.of)) {
    in.fail(fmt::format("says it is volume {} of {}", header.number, header.of));
  }
  if (header.first_record > header.end_record) {
    in.fail("says that its records end before they begin");
  }
  return header;
}

bool looks_like_parcel(ByteView beginning) {
  return has_at(beginning, 0, kFrameMark) || has_at(beginning, kFrameHeaderSize, kMark) ||
         has_at(beginning, kFrameHeaderSize + kVolumeHeaderSize, kFrameMark);
}

}  // namespace courier
