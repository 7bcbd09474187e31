// What a parcel is read from and written to.
#pragma once

#include <cstdint>
#include <functional>

#include "base/byte_source.h"
#include "base/bytes.h"
#include "base/file_system.h"

namespace courier {

// Reads fd from where it stands. fs and fd outlive the source.
ByteSource file_source(FileSystem& fs, const Fd& fd);

// Reads the view's bytes, which outlive the source.
ByteSource memory_source(ByteView bytes);

// Where a parcel is written to, in order. May throw an Error (no_space, device).
using ByteSink = std::function<void(ByteView data)>;

}  // namespace courier
