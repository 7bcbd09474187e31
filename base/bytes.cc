#include "base/bytes.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/utf8.h"

namespace courier {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Controls (C0, DEL, C1), line and paragraph separators, and the marks that turn the direction of
// the text around, with which a name could pose as another one.
bool is_printable(std::uint32_t c) {
  if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) return false;
  if (c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e)) return false;
  return !(c >= 0x2066 && c <= 0x2069) && c != 0xfeff;
}

}  // namespace

// Ten times faster than a look at each byte; holes of sparse files come as long runs of zeros.
bool is_zero(ByteView bytes) {
  return bytes.empty() ||
         (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

std::string to_hex(ByteView bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t b : bytes) {
    out.push_back(kDigits[b >> 4]);
    out.push_back(kDigits[b & 15]);
  }
  return out;
}

Bytes from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) {
    throw Error(ErrorCode::usage, escaped(hex.substr(0, 80)), "has an odd number of hex digits");
  }
  Bytes out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) {
      throw Error(ErrorCode::usage, escaped(hex.substr(0, 80)),
                  fmt::format("has no hex digit at place {}", high < 0 ? i : i + 1));
    }
    out.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return out;
}

std::string escaped(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size();) {
    const Utf8Char c = decode_utf8(raw.substr(i));
    if (raw[i] == '\\') {
      out += "\\\\";
    } else if (c.valid && is_printable(c.code_point)) {
      out.append(raw.substr(i, c.size));
    } else {
      for (std::size_t k = 0; k < c.size; ++k) {
        out += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(raw[i + k]));
      }
    }
    i += c.size;
  }
  return out;
}

std::string human_size(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} byte{}", bytes, bytes == 1 ? "" : "s");
  constexpr std::array kUnits = {"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.5) {  // what would be shown as 1000 goes up a unit
    value /= 1000;
    ++unit;
  }
  if (value < 99.95) return fmt::format("{:.1f} {}", value, kUnits[unit]);
  return fmt::format("{:.0f} {}", value, kUnits[unit]);
}

}  // namespace courier
