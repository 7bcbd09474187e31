// Scratch: files without a name, for what is too much for memory and is gone with the process.
#pragma once

#include <cstdint>
#include <string>

#include "base/file_system.h"

namespace courier {

// Where there is room for it: $TMPDIR, else /var/tmp.
std::string scratch_folder();

// Open to read and write. Errors: no_space, when the folder has not so many bytes free; device.
Fd open_scratch(FileSystem& fs, const std::string& folder, std::uint64_t size);

// Fills out with the bytes from `offset`, which were written before. Errors: device.
void read_scratch(FileSystem& fs, const Fd& scratch, std::uint64_t offset, MutableByteView out);

}  // namespace courier
