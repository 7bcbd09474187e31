// Where a parcel is read from: forward only, so that a tape, a pipe or a drive all do.
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "base/file_system.h"

namespace courier {

// Reads up to out.size() bytes into out and returns how many; 0 only at the end. May throw an Error
// (device).
using ByteSource = std::function<std::size_t(MutableByteView out)>;

// Reads fd from where it stands. fs and fd outlive the source.
ByteSource file_source(FileSystem& fs, const Fd& fd);

// Reads the view's bytes, which outlive the source.
ByteSource memory_source(ByteView bytes);

// Where a parcel is written to, in order. May throw an Error (no_space, device).
using ByteSink = std::function<void(ByteView data)>;

}  // namespace courier
