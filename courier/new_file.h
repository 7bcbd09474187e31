// A file that a command was asked to write: whole under its name or not there, and nothing that was
// there is overwritten.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/file_system.h"

namespace courier {

// Errors: usage, when the path names no file; not_found, when its folder is not there; not_allowed,
// when something of that name is; no_space, device.
void write_new_file(FileSystem& fs, const std::string& path, ByteView content);

}  // namespace courier
