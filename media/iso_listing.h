// ISO listing: which files an ISO 9660 image has and where their bytes lie, without mounting it.
//
// Only what Courier wants of an image is taken apart: the primary volume descriptor and the folders
// below its root, with the names of Rock Ridge where they are there. A file's bytes are then read
// from their extents, several of them for a file of more than 4 GiB. Every byte of it is hostile:
// numbers come through the bounded codec, no folder is read twice, and depth, files and the bytes
// of folders are limited. Why this is read here and not by xorriso: docs/decisions/media.md.
// Source: ECMA-119 (3rd edition) 8.4, 9.1; Rock Ridge IEEE P1282 4.1.4 (NM).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "media/volume_bytes.h"

namespace courier {

inline constexpr std::uint64_t kIsoSector = 2048;

struct IsoExtent {
  std::uint64_t offset = 0, size = 0;  // in bytes, from the beginning of the image

  bool operator==(const IsoExtent&) const = default;
};

struct IsoFile {
  std::string path;  // "folder/name", raw bytes: for messages only
  std::uint64_t size = 0;
  std::vector<IsoExtent> extents;
};

struct IsoListing {
  std::string label;              // of the volume; empty: none
  std::uint64_t size = 0;         // of the file system in bytes, as it says itself
  std::vector<IsoFile> files;     // by path; hidden ones ("._a", ".b") are left out
  std::vector<Error> unreadable;  // folders that could not be read, or say nonsense
};

// Lists the image. subject: names it in errors; session: where, in bytes, the session begins whose
// folders count, which name the files of earlier ones too. Errors: not_found, when this is no ISO
// 9660 image; damaged, when its descriptor says nonsense; device, as image.read_at.
IsoListing list_iso(const VolumeBytes& image, const std::string& subject,
                    std::uint64_t session = 0);

// The bytes of one of its files. What lies beyond the end of the image is missing: the file then
// ends early. image is kept in the result.
VolumeBytes iso_file_bytes(const VolumeBytes& image, const IsoFile& file);

}  // namespace courier
