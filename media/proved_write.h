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

// What was written: a checksum for each block of 4 MiB (XXH3-64), which also tells where a
// difference lies. They find what a medium does to bytes, which is no forger; a digest is made
// once, of what came back, for it takes longer than writing.
struct Written {
  std::uint64_t size = 0;
  std::vector<std::uint64_t> block_checksums;
};

// Reads all of `from`, in blocks of 4 MiB, and gives it to `to`, if that is given. Progress is
// reported as `phase`. Errors: device, when `from` gives less than its size; what it and `to`
// throw.
Written copy_with_checksums(const VolumeBytes& from, const ByteSink& to, ProgressEvent progress,
                            const ProgressSink& sink);

// Of what came back, that which is digested: a volume within an image.
struct DigestedPart {
  std::uint64_t offset = 0, size = UINT64_MAX;
};

struct ReadBack {
  bool same = false;
  Digest digest;        // DigestKind::file, of the part, when it is the same
  bool direct = false;  // read with O_DIRECT
  // When not the same: the block in which the first difference lies; empty when only the size
  // differs.
  std::uint64_t first_byte = 0, end_byte = 0;
  std::uint64_t came_back = 0;  // the checksum of the last block that was read
};

// Reads what was written through `back`, in aligned blocks, and compares it. Errors: as
// back.read_at.
ReadBack compare_back(const VolumeBytes& back, const Written& expected, ProgressEvent progress,
                      const ProgressSink& sink, DigestedPart digested = {});

// Reads `name` beneath dir back from the device, in pieces that the device bears, and compares it
// with what was written. The file must have been synced. Errors: device.
ReadBack read_back(FileSystem& fs, const Fd& dir, const std::string& name, const Written& expected,
                   ProgressEvent progress, const ProgressSink& sink, const Quirks& quirks = {},
                   DigestedPart digested = {});

}  // namespace courier
