// Frame stream: cuts a forward-only stream into frames in bounded memory, and finds the next frame
// again behind damage. Knows sizes and checksums, nothing of what is inside. parcel/FORMAT.md,
// "Frames" and "Finding the way again".
//
// After a frame that fails, reading goes on where its payload ends if another frame (or the end of
// the stream) is there: the bytes were changed in place. Otherwise bytes were lost, so its payload
// is searched for the next frame header. Searching re-reads what was hashed already, so it happens
// at most kMaxSearches times: a stream made of headers alone cannot make a reader work for hours.
#pragma once

#include <cstdint>
#include <optional>

#include "base/byte_source.h"
#include "base/frame.h"

namespace courier {

struct Frame {
  std::uint8_t kind = 0;
  std::uint64_t number = 0;
  std::uint64_t offset = 0;         // of its header in the stream
  std::uint64_t skipped_bytes = 0;  // passed over before it, since the frame before
  bool intact = false;              // whole, within its kind's limit, checksum right
  bool oversized = false;           // states a payload beyond its kind's limit
  std::uint32_t stated_size = 0;
  Bytes payload;  // empty unless intact
};

class FrameStream {
 public:
  static constexpr unsigned kMaxSearches = 64;

  explicit FrameStream(ByteSource source) : source_(std::move(source)) {}

  // The next frame of a known kind, recovery and spare frames left out; nullopt at the end.
  std::optional<Frame> next();
  // Bytes passed over after the last frame. After next() said nullopt.
  std::uint64_t trailing_bytes() const { return skipped_; }
  // The stream's first bytes, at most `size`, without moving on.
  ByteView peek(std::size_t size);
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  std::size_t fill(std::size_t size);
  void advance(std::size_t size);
  void skip(std::uint64_t size);
  void search();
  Frame take(const FrameHeader& header, std::uint32_t limit);

  ByteSource source_;
  Bytes buffer_;
  std::size_t at_ = 0;            // start of what is not yet used, in buffer_
  std::uint64_t position_ = 0;    // of at_ in the stream
  std::uint64_t bytes_read_ = 0;  // from the source
  std::uint64_t skipped_ = 0;
  unsigned searches_ = 0;
  bool ended_ = false;
};

}  // namespace courier
