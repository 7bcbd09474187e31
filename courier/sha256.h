// SHA-256 of content, for people who check it with sha256sum. Courier itself names content by
// BLAKE2b.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace courier {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void add(ByteView bytes);
  Bytes finish();  // 32 bytes; once, at the end

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The line that `sha256sum` writes for a file, and that `sha256sum -c` reads, its end included.
// A path with a backslash, line feed or carriage return is escaped as GNU coreutils does it.
std::string sha256sum_line(ByteView digest, std::string_view path);

}  // namespace courier
