// Source scan: which parcels lie at SOURCE (a folder or one file). Known by content, never by name:
// a file that begins like a parcel is one, whatever it is called, and nothing else is (B13).
// Nothing is written, nothing is executed, no link is followed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace courier {

// One file that begins like a parcel, open: it is read through this descriptor and never looked up
// again by its path.
struct FoundParcel {
  std::string path;  // for messages
  Fd fd;             // at its beginning
  std::uint64_t size = 0;
};

// Calls found for each, in the order of the names, one open at a time; found may keep the
// descriptor. Folders are looked into four levels deep; Courier's own folders on a share are not.
// Returns how many there were. Errors: not_found (no such path); damaged, when `source` is a file
// and no parcel; device.
std::size_t scan_source(FileSystem& fs, const std::string& source,
                        const std::function<void(FoundParcel&&)>& found);

}  // namespace courier
