// Proved write: copies a volume under a temporary name, and reads a file back past the page
// cache to compare it. The two halves of writing parcels to a mounted folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/digest.h"
#include "base/file_system.h"
#include "base/progress.h"
#include "media/quirks.h"
#include "media/volume_bytes.h"

namespace courier {

// What was written: the digest of the whole, and a checksum per block to say where a difference
// lies (8 bytes for each 4 MiB).
struct Written {
  std::uint64_t size = 0;
  Digest digest;
  std::vector<std::uint64_t> block_checksums;
};

// Reads all of `from`, in blocks of 4 MiB, and gives it to `to`, if that is given. Progress is
// reported as `phase`. Errors: device, when `from` gives less than its size; what it and `to`
// throw.
Written copy_and_digest(const VolumeBytes& from, const ByteSink& to, ProgressEvent progress,
                        const ProgressSink& sink);

struct ReadBack {
  bool same = false;
  bool direct = false;  // read with O_DIRECT
  // When not the same: the block in which the first difference lies; empty when only the size
  // differs.
  std::uint64_t first_byte = 0, end_byte = 0;
  std::uint64_t came_back = 0;  // the checksum of the last block that was read
};

// Reads what was written through `back`, in aligned blocks, and compares it. Errors: as
// back.read_at.
ReadBack compare_back(const VolumeBytes& back, const Written& expected, ProgressEvent progress,
                      const ProgressSink& sink);

// Reads `name` beneath dir back from the device, in pieces that the device bears, and compares it
// with what was written. The file must have been synced. Errors: device.
ReadBack read_back(FileSystem& fs, const Fd& dir, const std::string& name, const Written& expected,
                   ProgressEvent progress, const ProgressSink& sink, const Quirks& quirks = {});

}  // namespace courier
