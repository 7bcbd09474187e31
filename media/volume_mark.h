// Volume mark: the block in front of a volume where there is no file system to say what begins here
// and how long it is: on a raw medium and on a tape. parcel/FORMAT.md, "Media without a file
// system".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/digest.h"

namespace courier {

inline constexpr std::size_t kVolumeMarkSize = 4096;

struct VolumeMark {
  enum class Kind : std::uint8_t { raw = 1, tape = 2, tape_end = 3, raw_unfinished = 4 };

  Kind kind = Kind::raw;
  std::uint64_t position = 0;  // raw: of this mark, in bytes; tape: number of the tape file, from 0
  std::uint64_t size = 0;      // of the volume, in bytes
  std::uint32_t record_size = 0;  // tape: of all its records
  std::string name;               // "PUN-PSE-000012.v2.pcl", for people
  Digest digest;                  // raw: DigestKind::file of the volume; tape: zeros

  bool operator==(const VolumeMark&) const = default;
};

// kVolumeMarkSize bytes. Precondition: the name is one component of a path.
Bytes encode_volume_mark(const VolumeMark& mark);

// Whether these, fewer than a mark has, are the first bytes of one.
bool begins_like_mark(ByteView beginning);

// Nullopt when these bytes are no mark, or a damaged one.
std::optional<VolumeMark> parse_volume_mark(ByteView block);

}  // namespace courier
