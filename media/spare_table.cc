#include "media/spare_table.h"

#include <algorithm>

#include "base/codec.h"
#include "base/error.h"
#include "base/frame.h"

namespace courier {
namespace {

constexpr std::uint16_t kVersion = 1;
constexpr std::uint8_t kTablePart = 1, kParityPart = 2;
constexpr std::size_t kTableFixed = 32;

SpareTable parse(ByteView payload) {
  Decoder in(payload, "spare table");
  SpareTable table;
  if (in.u16() != kVersion || in.u8() != kTablePart) in.fail("is another frame");
  table.spares = in.u8();
  table.volumes = in.u8();
  table.row = in.u8();
  if (in.u16() != 0) in.fail("has a reserved field that is not 0");
  std::ranges::copy(in.raw(table.cut.size()), table.cut.begin());
  table.parity_offset = in.u64();
  for (unsigned i = 0; i < table.volumes; ++i) table.sizes.push_back(in.u64());
  in.expect_end();
  const bool is_spare = table.is_of_spare();
  if (table.spares == 0 || table.volumes + table.spares > kMostVolumesAndSpares ||
      (is_spare ? table.row >= table.spares : table.row != 0) ||
      (table.parity_offset != 0) != is_spare || table.parity_offset > kMaxSpareSize ||
      std::ranges::any_of(table.sizes,
                          [](auto size) { return size == 0 || size > kMaxSpareSize; })) {
    in.fail("tells of spare volumes that cannot be");
  }
  return table;
}

}  // namespace

std::uint64_t SpareTable::longest() const {
  return sizes.empty() ? 0 : *std::ranges::max_element(sizes);
}

Bytes encode_spare_table(const SpareTable& table) {
  if (table.sizes.size() != table.volumes) bug("a spare table has a size for each volume");
  Encoder out;
  out.u16(kVersion).u8(kTablePart).u8(table.spares).u8(table.volumes).u8(table.row).u16(0);
  out.raw(table.cut).u64(table.parity_offset);
  for (const std::uint64_t size : table.sizes) out.u64(size);
  return out.take();
}

std::optional<SpareTable> parse_spare_table(ByteView payload) {
  try {
    return parse(payload);
  } catch (const Error&) {
    return std::nullopt;
  }
}

Bytes spare_table_frame(const SpareTable& table) {
  const Bytes payload = encode_spare_table(table);
  const auto header = encode_frame_header(FrameKind::spare, 0, payload);
  Bytes frame(header.size() + payload.size());
  std::copy(payload.begin(), payload.end(), std::copy(header.begin(), header.end(), frame.begin()));
  return frame;
}

std::size_t spare_table_size(unsigned volumes) {
  return kFrameHeaderSize + kTableFixed + volumes * sizeof(std::uint64_t);
}

std::optional<SpareTable> find_spare_table(ByteView beginning) {
  if (beginning.size() < kSpareTableOffset + kFrameHeaderSize) return std::nullopt;
  const ParsedFrame frame =
      parse_frame_header(beginning.subspan(kSpareTableOffset, kFrameHeaderSize));
  const ByteView behind = beginning.subspan(kSpareTableOffset + kFrameHeaderSize);
  if (frame.fault != FrameFault::none ||
      frame.header.kind != static_cast<std::uint8_t>(FrameKind::spare) ||
      frame.header.payload_size > behind.size()) {
    return std::nullopt;
  }
  const ByteView payload = behind.first(frame.header.payload_size);
  if (frame_checksum(payload) != frame.header.checksum) return std::nullopt;
  return parse_spare_table(payload);
}

std::uint64_t spare_frames_size(std::uint64_t parity) {
  const std::uint64_t cells = (parity + kSpareCellSize - 1) / kSpareCellSize;
  return parity + cells * (kFrameHeaderSize + kSparePartHeader);
}

std::array<std::uint8_t, kSparePartHeader> encode_spare_part(std::uint64_t offset) {
  Encoder out;
  out.u16(kVersion).u8(kParityPart).u8(0).u32(0).u64(offset);
  std::array<std::uint8_t, kSparePartHeader> header{};
  std::ranges::copy(out.view(), header.begin());
  return header;
}

std::optional<std::uint64_t> parse_spare_part(ByteView payload) {
  if (payload.size() <= kSparePartHeader) return std::nullopt;
  Decoder in(payload, "spare parity");
  if (in.u16() != kVersion || in.u8() != kParityPart || in.u8() != 0 || in.u32() != 0) {
    return std::nullopt;
  }
  return in.u64();
}

}  // namespace courier
