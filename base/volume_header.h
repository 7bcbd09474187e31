// Volume header: the first frame of every volume: which cut it belongs to and which run of records
// it carries. Written by whoever cut the parcel, and therefore not signed: it is advice, except
// that its label digest must be the label's. parcel/FORMAT.md, "Volume header".
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/digest.h"

namespace courier {

inline constexpr std::size_t kVolumeHeaderSize = 128;
inline constexpr std::uint64_t kToTheEnd = UINT64_MAX;

struct VolumeHeader {
  std::array<std::uint8_t, 16> cut{};  // random, the same on all volumes of one cut
  std::uint32_t number = 1;            // from 1
  std::uint32_t of = 1;                // advice; 0: not known when this volume was written
  std::uint64_t first_record = 0;
  std::uint64_t end_record = kToTheEnd;  // one past the last; kToTheEnd: what follows is all
  Digest label_digest;

  bool operator==(const VolumeHeader&) const = default;
};

// The payload of the volume header's frame, kVolumeHeaderSize bytes.
Bytes encode_volume_header(const VolumeHeader& header);

// subject: names it in errors. Errors: damaged, when it is not such a payload; unsupported, when
// its version is newer.
VolumeHeader parse_volume_header(ByteView payload, const std::string& subject = "volume header");

// How many bytes of a file's beginning looks_like_parcel wants.
inline constexpr std::size_t kParcelProbeSize = 256;

// Says whether a file that begins with these bytes is, or was, a parcel: three marks lie at fixed
// places and one of them is enough, so that no small damage makes a parcel into something else.
// Fewer bytes than kParcelProbeSize are allowed (a file that ends early).
bool looks_like_parcel(ByteView beginning);

}  // namespace courier
