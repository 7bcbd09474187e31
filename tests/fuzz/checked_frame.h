// Puts a fuzzer's bytes into the frame of a checked file, checksum and all, so that it reaches the
// body's parser.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/codec.h"
#include "base/digest.h"

namespace courier::test {

inline Bytes in_checked_frame(std::string_view magic, ByteView body) {
  Encoder out;
  out.raw(as_bytes(magic)).u16(1).u32(static_cast<std::uint32_t>(body.size())).raw(body);
  out.digest(digest_of(DigestKind::site_file, out.view()));
  return out.take();
}

}  // namespace courier::test
