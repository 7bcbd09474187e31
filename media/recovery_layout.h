// Recovery layout: where the cells, pages and frames of a volume's recovery data lie, and the
// header that each of its frames begins with. Everything follows from four numbers, which every
// frame repeats, so that any one frame that survives is enough. parcel/FORMAT.md, "Recovery data",
// has the words and the formulas.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/frame.h"

namespace courier {

inline constexpr std::size_t kRecoveryHeaderSize = 64;
// In front of each page and each parity cell.
inline constexpr std::size_t kRecoveryOverhead = kFrameHeaderSize + kRecoveryHeaderSize;
inline constexpr std::size_t kMinCell = 512, kMaxCell = 65536;
inline constexpr std::uint64_t kMaxRecoverable = 1ull << 48;  // bytes of a volume
inline constexpr std::uint64_t kMaxCells = 1ull << 28;        // parity included
inline constexpr std::size_t kCellDigestSize = 16;
inline constexpr std::size_t kPageDigests = 256;
inline constexpr unsigned kPageCopies = 3;
inline constexpr unsigned kMaxRecoveryPercent = 50;

using CellDigest = std::array<std::uint8_t, kCellDigestSize>;

// What the frames of one recovery data say alike.
struct RecoverySet {
  std::uint64_t volume_size = 0;
  std::array<std::uint8_t, 16> id{};
  std::uint32_t cell_size = 0;
  std::uint32_t data_layers = 0, parity_layers = 0;

  bool operator==(const RecoverySet&) const = default;
};

// Whether the numbers are such as the format allows.
bool is_allowed(const RecoverySet& set);

// The numbers that Courier writes for a share of `percent`, 1 to 50; the id is left zero.
// Errors: not_allowed, when the volume is too large for recovery data.
RecoverySet choose_recovery_set(std::uint64_t volume_size, unsigned percent);

enum class RecoveryPart : std::uint8_t { page = 1, parity = 2 };

struct RecoveryFrame {
  RecoverySet set;
  RecoveryPart part = RecoveryPart::page;
  std::uint8_t copy = 0;    // of a page
  std::uint64_t index = 0;  // of the page, or of the parity cell

  bool operator==(const RecoveryFrame&) const = default;
};

std::array<std::uint8_t, kRecoveryHeaderSize> encode_recovery_header(const RecoveryFrame& frame);

// nullopt, when these 64 bytes are no such header, or say what the format does not allow. The frame
// may still lie elsewhere than it says: see RecoveryLayout::offset_of.
std::optional<RecoveryFrame> parse_recovery_header(ByteView header);

class RecoveryLayout {
 public:
  // Precondition: is_allowed(set).
  explicit RecoveryLayout(const RecoverySet& set);

  const RecoverySet& set() const { return set_; }
  std::uint64_t cell_size() const { return set_.cell_size; }
  std::uint64_t data_layers() const { return set_.data_layers; }
  std::uint64_t parity_layers() const { return set_.parity_layers; }
  std::uint64_t volume_cells() const { return volume_cells_; }
  std::uint64_t columns() const { return columns_; }
  std::uint64_t empty_cells() const { return empty_cells_; }
  std::uint64_t parity_cells() const { return parity_layers() * columns_; }
  std::uint64_t cells() const { return volume_cells_ + parity_cells(); }
  std::uint64_t pages() const { return (cells() + kPageDigests - 1) / kPageDigests; }

  // The cell in this layer and column; nullopt: an empty one.
  std::optional<std::uint64_t> cell_at(std::uint64_t layer, std::uint64_t column) const;
  std::uint64_t layer_of(std::uint64_t cell) const { return (cell + empty_cells_) / columns_; }
  std::uint64_t column_of(std::uint64_t cell) const { return (cell + empty_cells_) % columns_; }

  // Where the bytes of a cell lie, from the volume's first byte, and how many they are: fewer than
  // cell_size() for the last of the volume alone.
  std::uint64_t cell_offset(std::uint64_t cell) const;
  std::size_t stored_size(std::uint64_t cell) const;
  std::size_t page_size(std::uint64_t page) const;                    // in bytes, of its digests
  std::uint64_t page_frame(unsigned copy, std::uint64_t page) const;  // offset of the frame
  std::uint64_t parity_frame(std::uint64_t parity_cell) const;

  // Where a frame must lie that says this of itself; nullopt: there is no such frame.
  std::optional<std::uint64_t> offset_of(const RecoveryFrame& frame) const;
  // Of volume and recovery data together.
  std::uint64_t total_size() const { return page_frame(kPageCopies, 0); }

 private:
  RecoverySet set_;
  std::uint64_t volume_cells_, columns_, empty_cells_;
};

// XXH3-128 with the cell's number as its seed.
CellDigest cell_digest(std::uint64_t cell, ByteView bytes);

}  // namespace courier
