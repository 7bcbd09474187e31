// One zstd frame for one run of bytes, alone or against a prefix that both sides have.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace courier {

// The frame, which states the size of data; nothing when it would not be smaller than data.
// prefix: bytes that the reader has as well, which matches may reach into. Thread-safe.
// Precondition: data is not empty.
std::optional<Bytes> compress_frame(ByteView data, int level, ByteView prefix = {});

// The run of bytes again. The frame states raw_size and fills the bytes given, so that nothing is
// allocated but raw_size, and no window beyond it. subject: for messages ("block").
// Errors: damaged. Thread-safe.
Bytes decompress_frame(ByteView frame, std::size_t raw_size, std::string_view subject,
                       ByteView prefix = {});

}  // namespace courier
