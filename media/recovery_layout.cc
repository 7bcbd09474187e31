#include "media/recovery_layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/codec.h"
#include "base/error.h"
#include "base/xxh3.h"

namespace courier {

namespace {

constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kCheckedBytes = kRecoveryHeaderSize - sizeof(std::uint64_t);
constexpr std::uint64_t kPageFrame = kRecoveryOverhead + kPageDigests * kCellDigestSize;
constexpr std::uint64_t kMaxLayers = 255;

std::uint64_t divided_up(std::uint64_t a, std::uint64_t b) { return a / b + (a % b != 0 ? 1 : 0); }

}  // namespace

bool is_allowed(const RecoverySet& set) {
  const std::uint64_t k = set.data_layers, m = set.parity_layers, c = set.cell_size;
  if (c < kMinCell || c > kMaxCell || (c & (c - 1)) != 0) return false;
  if (m < 1 || m > k || k + m > kMaxLayers) return false;
  if (set.volume_size < 1 || set.volume_size > kMaxRecoverable) return false;
  const std::uint64_t cells = divided_up(set.volume_size, c);
  return k <= cells && cells <= kMaxCells && cells + m * divided_up(cells, k) <= kMaxCells;
}

RecoverySet choose_recovery_set(std::uint64_t volume_size, unsigned percent) {
  constexpr unsigned kMostLayers = 200, kMostPercentOfThese = 27, kColumnsAtLeast = 4;
  if (percent < 1 || percent > kMaxRecoveryPercent)
    bug("recovery data of a share beyond its range");
  RecoverySet set;
  set.volume_size = volume_size;
  std::uint64_t k =
      percent <= kMostPercentOfThese ? kMostLayers : 100 * kMaxLayers / (100 + percent);
  set.cell_size = kMaxCell;
  while (set.cell_size > kMinCell && kColumnsAtLeast * k * set.cell_size > volume_size) {
    set.cell_size /= 2;
  }
  const std::uint64_t cells = std::max<std::uint64_t>(divided_up(volume_size, set.cell_size), 1);
  k = divided_up(cells, divided_up(cells, k));
  set.data_layers = static_cast<std::uint32_t>(k);
  set.parity_layers = static_cast<std::uint32_t>(divided_up(k * percent, 100));
  if (!is_allowed(set)) {
    throw Error(ErrorCode::not_allowed, "recovery data",
                fmt::format("cannot be made for a volume of {} bytes", volume_size))
        .with_hint("cut the parcel into smaller volumes, or write it with --recovery 0");
  }
  return set;
}

std::array<std::uint8_t, kRecoveryHeaderSize> encode_recovery_header(const RecoveryFrame& frame) {
  const RecoverySet& set = frame.set;
  Encoder out;
  out.u64(set.volume_size).raw(set.id).u32(set.cell_size);
  out.u16(static_cast<std::uint16_t>(set.data_layers));
  out.u16(static_cast<std::uint16_t>(set.parity_layers));
  out.u16(kVersion).u8(static_cast<std::uint8_t>(frame.part)).u8(frame.copy).u32(0);
  out.u64(frame.index).u64(0).u64(frame_checksum(out.view()));
  std::array<std::uint8_t, kRecoveryHeaderSize> header;
  std::ranges::copy(out.view(), header.begin());
  return header;
}

std::optional<RecoveryFrame> parse_recovery_header(ByteView header) {
  if (header.size() != kRecoveryHeaderSize) bug("a recovery header has 64 bytes");
  Decoder in(header, "recovery header");
  RecoveryFrame frame;
  frame.set.volume_size = in.u64();
  std::ranges::copy(in.raw(frame.set.id.size()), frame.set.id.begin());
  frame.set.cell_size = in.u32();
  frame.set.data_layers = in.u16();
  frame.set.parity_layers = in.u16();
  const std::uint16_t version = in.u16();
  const std::uint8_t part = in.u8();
  frame.copy = in.u8();
  const std::uint32_t reserved = in.u32();
  frame.index = in.u64();
  const std::uint64_t reserved_too = in.u64();
  if (in.u64() != frame_checksum(header.first(kCheckedBytes))) return std::nullopt;
  if (version != kVersion || reserved != 0 || reserved_too != 0) return std::nullopt;
  if (part != static_cast<std::uint8_t>(RecoveryPart::page) &&
      part != static_cast<std::uint8_t>(RecoveryPart::parity)) {
    return std::nullopt;
  }
  frame.part = static_cast<RecoveryPart>(part);
  if (!is_allowed(frame.set) || !RecoveryLayout(frame.set).offset_of(frame)) return std::nullopt;
  return frame;
}

RecoveryLayout::RecoveryLayout(const RecoverySet& set)
    : set_(set),
      volume_cells_(divided_up(set.volume_size, set.cell_size)),
      columns_(divided_up(volume_cells_, set.data_layers)),
      empty_cells_(set.data_layers * columns_ - volume_cells_) {}

std::optional<std::uint64_t> RecoveryLayout::cell_at(std::uint64_t layer,
                                                     std::uint64_t column) const {
  const std::uint64_t place = layer * columns_ + column;
  if (place < empty_cells_) return std::nullopt;
  return place - empty_cells_;
}

std::uint64_t RecoveryLayout::cell_offset(std::uint64_t cell) const {
  if (cell < volume_cells_) return cell * cell_size();
  return parity_frame(cell - volume_cells_) + kRecoveryOverhead;
}

std::size_t RecoveryLayout::stored_size(std::uint64_t cell) const {
  if (cell >= volume_cells_) return cell_size();
  return std::min<std::uint64_t>(cell_size(), set_.volume_size - cell * cell_size());
}

std::size_t RecoveryLayout::page_size(std::uint64_t page) const {
  return std::min<std::uint64_t>(kPageDigests, cells() - page * kPageDigests) * kCellDigestSize;
}

std::uint64_t RecoveryLayout::page_frame(unsigned copy, std::uint64_t page) const {
  const std::uint64_t copy_size = pages() * kRecoveryOverhead + cells() * kCellDigestSize;
  std::uint64_t parity_before = 0;
  if (copy == 1) parity_before = parity_cells() / 2;
  if (copy > 1) parity_before = parity_cells();
  return set_.volume_size + copy * copy_size + page * kPageFrame +
         parity_before * (kRecoveryOverhead + cell_size());
}

std::uint64_t RecoveryLayout::parity_frame(std::uint64_t parity_cell) const {
  const unsigned copies_before = parity_cell < parity_cells() / 2 ? 1 : 2;
  const std::uint64_t copy_size = pages() * kRecoveryOverhead + cells() * kCellDigestSize;
  return set_.volume_size + copies_before * copy_size +
         parity_cell * (kRecoveryOverhead + cell_size());
}

std::optional<std::uint64_t> RecoveryLayout::offset_of(const RecoveryFrame& frame) const {
  if (frame.part == RecoveryPart::page) {
    if (frame.copy >= kPageCopies || frame.index >= pages()) return std::nullopt;
    return page_frame(frame.copy, frame.index);
  }
  if (frame.copy != 0 || frame.index >= parity_cells()) return std::nullopt;
  return parity_frame(frame.index);
}

CellDigest cell_digest(std::uint64_t cell, ByteView bytes) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), cell);
  Encoder out;
  out.u64(hash.low64).u64(hash.high64);
  CellDigest digest;
  std::ranges::copy(out.view(), digest.begin());
  return digest;
}

}  // namespace courier
