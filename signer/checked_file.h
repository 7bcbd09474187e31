// The frame of the small files that this room writes: 8 bytes magic, u16 version, u32 size of the
// body, body, 32 bytes digest of all before it (site_file). The frame stays the same in every
// version, so that damage is told from a file of a newer courier.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"

namespace courier {

struct CheckedFileKind {
  std::string_view magic;  // 8 bytes
  std::uint16_t version;   // the newest that this program reads
  std::size_t max_size;    // of the whole file
  std::string_view what;   // "identity file"
};

// The whole file; in wiped memory, as the key ring is among them.
Secret encode_checked(const CheckedFileKind& kind, ByteView body);

struct CheckedBody {
  std::uint16_t version;
  ByteView body;  // into the data given
};

// Errors: damaged (too short or long, other magic, wrong digest), unsupported (whole, but of a
// newer version).
CheckedBody decode_checked(const CheckedFileKind& kind, ByteView file, const std::string& subject);

}  // namespace courier
