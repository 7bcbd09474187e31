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

#include "parcel/frame_source.h"

namespace courier {

class FrameStream final : public FrameSource {
 public:
  static constexpr unsigned kMaxSearches = 64;

  explicit FrameStream(ByteSource source) : source_(std::move(source)) {}

  std::optional<Frame> next() override;
  std::uint64_t trailing_bytes() const override { return skipped_; }
  ByteView peek(std::size_t size) override;
  std::uint64_t bytes_read() const override { return bytes_read_; }
  // What is before this byte of the stream is not looked at again.
  std::uint64_t position() const { return position_; }

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
