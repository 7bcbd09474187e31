#include "base/codec.h"

#include <fmt/format.h>

#include "base/error.h"

namespace courier {

namespace {

template <typename T>
T little_endian(ByteView bytes) {
  T value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) value = static_cast<T>(value << 8 | bytes[i]);
  return value;
}
template <>
std::uint8_t little_endian(ByteView bytes) {
  return bytes[0];
}

template <typename T>
void put(Bytes& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

bool is_text(std::string_view text) {
  return text.find('\0') == std::string_view::npos && is_valid_utf8(text);
}

}  // namespace

void Decoder::fail(std::string_view what) const {
  throw Error(ErrorCode::damaged, subject_, fmt::format("{} at byte {}", what, offset_));
}

ByteView Decoder::raw(std::size_t size) {
  if (size > remaining()) {
    fail(fmt::format("ends early: {} bytes wanted, {} there", size, remaining()));
  }
  const ByteView view = data_.subspan(offset_, size);
  offset_ += size;
  return view;
}

std::uint8_t Decoder::u8() { return little_endian<std::uint8_t>(raw(1)); }
std::uint16_t Decoder::u16() { return little_endian<std::uint16_t>(raw(2)); }
std::uint32_t Decoder::u32() { return little_endian<std::uint32_t>(raw(4)); }
std::uint64_t Decoder::u64() { return little_endian<std::uint64_t>(raw(8)); }

std::uint64_t Decoder::varint(std::uint64_t max) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const std::uint8_t byte = u8();
    if (shift == 63 && byte > 1) fail("has a number beyond 64 bits");
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) {
      if (byte == 0 && shift > 0) fail("has a number that is not in its shortest form");
      break;
    }
  }
  if (value > max) fail(fmt::format("has {} where at most {} is allowed", value, max));
  return value;
}

std::int64_t Decoder::zigzag() {
  const std::uint64_t v = varint();
  return static_cast<std::int64_t>(v >> 1 ^ (~(v & 1) + 1));
}

bool Decoder::boolean() {
  const std::uint8_t v = u8();
  if (v > 1) fail(fmt::format("has {} where 0 or 1 is allowed", v));
  return v == 1;
}

ByteView Decoder::bytes(std::size_t max_size) {
  return raw(static_cast<std::size_t>(varint(max_size)));
}

std::string Decoder::text(std::size_t max_size) {
  const std::string_view view = as_text(bytes(max_size));
  if (!is_text(view)) fail("has text that is not UTF-8 or holds a NUL");
  return std::string(view);
}

Digest Decoder::digest() { return Digest::from(raw(32)); }

std::size_t Decoder::count(std::size_t max, std::size_t min_entry_size) {
  const std::uint64_t n = varint(max);
  if (min_entry_size > 0 && n > remaining() / min_entry_size) {
    fail(fmt::format("names {} entries, which cannot be in the {} bytes left", n, remaining()));
  }
  return static_cast<std::size_t>(n);
}

void Decoder::expect_end() const {
  if (!at_end()) fail(fmt::format("has {} bytes left over", remaining()));
}

Encoder& Encoder::u8(std::uint8_t v) {
  out_.push_back(v);
  return *this;
}
Encoder& Encoder::u16(std::uint16_t v) {
  put(out_, v);
  return *this;
}
Encoder& Encoder::u32(std::uint32_t v) {
  put(out_, v);
  return *this;
}
Encoder& Encoder::u64(std::uint64_t v) {
  put(out_, v);
  return *this;
}
Encoder& Encoder::varint(std::uint64_t v) {
  for (; v >= 0x80; v >>= 7) out_.push_back(static_cast<std::uint8_t>(v | 0x80));
  out_.push_back(static_cast<std::uint8_t>(v));
  return *this;
}
Encoder& Encoder::zigzag(std::int64_t v) {
  const auto u = static_cast<std::uint64_t>(v);
  return varint(u << 1 ^ (v < 0 ? UINT64_MAX : 0));
}
Encoder& Encoder::boolean(bool v) { return u8(v ? 1 : 0); }
Encoder& Encoder::raw(ByteView v) {
  out_.insert(out_.end(), v.begin(), v.end());
  return *this;
}
Encoder& Encoder::bytes(ByteView v) { return varint(v.size()).raw(v); }
Encoder& Encoder::text(std::string_view v) {
  if (!is_text(v)) {
    throw Error(ErrorCode::usage, "text '" + escaped(v.substr(0, 80)) + "'",
                "is not UTF-8 or holds a NUL");
  }
  return bytes(as_bytes(v));
}
Encoder& Encoder::digest(const Digest& v) { return raw(v.view()); }

}  // namespace courier
