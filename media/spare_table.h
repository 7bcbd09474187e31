// Spare table: the frame of kind 8 right behind a volume's header that tells of the spare volumes
// of its cut. parcel/FORMAT.md, "Spare volumes". Nothing of it is signed: all of it is advice.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/volume_header.h"

namespace courier {

inline constexpr unsigned kMostVolumesAndSpares = 255;      // n + N: the field has no more
inline constexpr std::uint64_t kMaxSpareSize = 1ull << 48;  // of each volume, and of the parity
inline constexpr std::size_t kSpareCellSize = 1u << 20;     // bytes of parity in a frame
inline constexpr std::size_t kSparePartHeader = 16;         // in front of them
inline constexpr std::size_t kSpareTableOffset = 32 + kVolumeHeaderSize;  // of the table's frame

struct SpareTable {
  std::uint8_t spares = 0;   // N, of the cut
  std::uint8_t volumes = 0;  // n; 0 in a data volume, where nobody may know it yet
  std::uint8_t row = 0;      // of a spare volume: which one, from 0
  std::array<std::uint8_t, 16> cut{};
  std::uint64_t parity_offset = 0;   // of a spare volume: of its first frame of parity
  std::vector<std::uint64_t> sizes;  // of the n data volumes, without their recovery data

  bool operator==(const SpareTable&) const = default;
  bool is_of_spare() const { return volumes > 0; }
  std::uint64_t longest() const;  // which is how many bytes of parity there are
  std::uint32_t number() const { return volumes + 1u + row; }  // of the spare volume in its cut
};

// The payload of its frame.
Bytes encode_spare_table(const SpareTable& table);
// nullopt of everything that is not canonical or of another version: it is passed over.
std::optional<SpareTable> parse_spare_table(ByteView payload);

// The whole frame, and how many bytes that has for n volumes (0: in a data volume).
Bytes spare_table_frame(const SpareTable& table);
std::size_t spare_table_size(unsigned volumes);

// The table of a volume that begins with these bytes; nullopt when it has none there.
std::optional<SpareTable> find_spare_table(ByteView beginning);

// How many bytes the frames of so much parity have.
std::uint64_t spare_frames_size(std::uint64_t parity);

// The header of a frame of parity, behind the frame's own: at which byte of the parity it begins.
std::array<std::uint8_t, kSparePartHeader> encode_spare_part(std::uint64_t offset);
// nullopt when the payload is no parity.
std::optional<std::uint64_t> parse_spare_part(ByteView payload);

}  // namespace courier
