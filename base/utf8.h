// UTF-8, one character at a time, as strict as RFC 3629: no overlong forms, no surrogates, nothing
// beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace courier {

struct Utf8Char {
  bool valid = false;
  std::uint32_t code_point = 0;  // when valid
  std::size_t size = 1;          // bytes taken; 1 when not valid
};

// The first character of text. Precondition: text is not empty.
Utf8Char decode_utf8(std::string_view text);

bool is_valid_utf8(std::string_view text);

}  // namespace courier
