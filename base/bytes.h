// Byte buffers and views: the currency between the rooms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace courier {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableByteView = std::span<std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::string to_string(ByteView bytes) { return std::string(as_text(bytes)); }
inline Bytes to_bytes(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }

// Whether there is no other byte than zero.
bool is_zero(ByteView bytes);

// Lower-case hexadecimal, two digits a byte.
std::string to_hex(ByteView bytes);

// Parses lower- or upper-case hexadecimal. Errors: usage, when a digit is no hex digit or one is
// left over.
Bytes from_hex(std::string_view hex);

// Text that is safe to show: valid printable UTF-8 stays, every other byte becomes \xNN, a
// backslash \\.
std::string escaped(std::string_view raw);

// A size for people: "812 bytes", "4.2 GB" (powers of 1000, one decimal below 100).
std::string human_size(std::uint64_t bytes);

}  // namespace courier
