// What the fuzz targets of checked files share: the fuzzer's bytes are tried as the file, and, so
// that they reach the body's parser, as the body in a right frame, checksum and all.
#pragma once

#include <cstdlib>
#include <string_view>

#include "base/bytes.h"
#include "base/codec.h"
#include "base/digest.h"
#include "base/error.h"

namespace courier::test {

inline Bytes in_checked_frame(std::string_view magic, ByteView body) {
  Encoder out;
  out.raw(as_bytes(magic)).u16(1).u32(static_cast<std::uint32_t>(body.size())).raw(body);
  out.digest(digest_of(DigestKind::site_file, out.view()));
  return out.take();
}

// `accept` parses a file and aborts when it breaks a promise; it may refuse with any error but
// internal.
template <typename Accept>
void try_checked_file(std::string_view magic, ByteView input, const Accept& accept) {
  for (const Bytes& file : {to_bytes(input), in_checked_frame(magic, input)}) {
    try {
      accept(ByteView(file));
    } catch (const Error& e) {
      if (e.code() == ErrorCode::internal) std::abort();
    }
  }
}

}  // namespace courier::test
