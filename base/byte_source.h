// ByteSource: a forward-only stream of bytes, the form in which a parcel is read from whatever it
// lies on. Each byte is handed out once. ByteSink: where a stream is written to.
#pragma once

#include <cstddef>
#include <functional>

#include "base/bytes.h"
#include "base/file_system.h"

namespace courier {

// Reads up to out.size() bytes into out and returns how many; 0 at the end, and only there. Errors:
// device, when the medium fails or goes away.
using ByteSource = std::function<std::size_t(MutableByteView out)>;

// Reads fd from where it stands. fs and fd outlive the source.
ByteSource file_source(FileSystem& fs, const Fd& fd);

// Reads the view's bytes, which outlive the source.
ByteSource memory_source(ByteView bytes);

// Takes the next bytes of a stream. May throw an Error (no_space, device).
using ByteSink = std::function<void(ByteView data)>;

}  // namespace courier
