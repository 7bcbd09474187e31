// The bounded codec: the only place where bytes from a medium become integers.
//
// Canonical: fixed-width integers are little-endian; a varint is unsigned LEB128 in its shortest
// form, 64 bits at most; a byte string is a varint length and the bytes. One value has one
// encoding, and every length is checked against both a limit of the format and the bytes that are
// there before anything is allocated.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/utf8.h"

namespace courier {

class Decoder {
 public:
  // subject: what is being read, for messages ("label", "packing list").
  // data outlives the decoder.
  Decoder(ByteView data, std::string subject) : data_(data), subject_(std::move(subject)) {}
  Decoder(Bytes&& data, std::string subject) = delete;

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  // Errors for all: damaged, when the bytes end early, the form is not the shortest, or the value
  // exceeds max.
  std::uint64_t varint(std::uint64_t max = UINT64_MAX);
  std::int64_t zigzag();
  bool boolean();  // 0 or 1 only
  // The view points into the data given to the constructor.
  ByteView raw(std::size_t size);
  ByteView bytes(std::size_t max_size);
  // Bytes without NUL that are valid UTF-8.
  std::string text(std::size_t max_size);
  Digest digest();
  // A count of entries that each take at least min_entry_size bytes; never more than max nor than
  // can be there.
  std::size_t count(std::size_t max, std::size_t min_entry_size = 1);

  std::size_t offset() const { return offset_; }
  std::size_t remaining() const { return data_.size() - offset_; }
  bool at_end() const { return remaining() == 0; }
  // Errors: damaged, when bytes are left over.
  void expect_end() const;
  // Errors: damaged, always: what is wrong and at which offset.
  [[noreturn]] void fail(std::string_view what) const;

 private:
  ByteView data_;
  std::size_t offset_ = 0;
  std::string subject_;
};

class Encoder {
 public:
  Encoder& u8(std::uint8_t v);
  Encoder& u16(std::uint16_t v);
  Encoder& u32(std::uint32_t v);
  Encoder& u64(std::uint64_t v);
  Encoder& varint(std::uint64_t v);
  Encoder& zigzag(std::int64_t v);
  Encoder& boolean(bool v);
  Encoder& raw(ByteView v);
  Encoder& bytes(ByteView v);
  // Errors: usage, when v is not UTF-8 or holds a NUL.
  Encoder& text(std::string_view v);
  Encoder& digest(const Digest& v);

  std::size_t size() const { return out_.size(); }
  ByteView view() const { return out_; }
  Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

}  // namespace courier
