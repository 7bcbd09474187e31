// Frame window: the parent's half of reading frames in a confined child. It keeps the bytes that
// the child has been given until the child is done with them, so that the child answers with places
// and never with content: a payload is the parent's own bytes, read from the medium once.
//
// Child to parent, 40 bytes each, little-endian:
// clang-format off
//   0  1  what: 1 want, 2 frame, 3 end
//   1  1  of a frame: its kind
//   2  1  of a frame: bit 0 intact, bit 1 oversized
//   3  1  0
//   4  4  want: how many bytes at most; frame: the payload size its header states
//   8  8  of a frame: its number
//  16  8  want: bytes before this place of the stream are done with; frame: where its header is
//  24  8  of a frame: bytes passed over before it; of the end: after the last frame
//  32  8  0
// clang-format on
// Parent to child, for each want: how many bytes (u32; 0: the stream has ended), and the bytes.
//
// The child has seen hostile bytes and counts as hostile: whatever it says, the window holds at
// most kMaxWindow of the stream, every frame lies in it behind the last one, and a stream of n
// bytes has at most n / 32 frames. No process here, so that a fuzz target can play the child.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "parcel/frame_source.h"

namespace courier {

inline constexpr std::size_t kFrameMessageSize = 40;
inline constexpr std::size_t kMaxGiven = 1u << 20;  // in answer to one want
// A frame, the header behind it, and what was read ahead.
inline constexpr std::size_t kMaxWindow = kMaxFramePayload + (4u << 20);

enum class FrameMessageKind : std::uint8_t { want = 1, frame = 2, end = 3 };

struct FrameMessage {
  FrameMessageKind what = FrameMessageKind::end;
  std::uint8_t kind = 0;
  bool intact = false, oversized = false;
  std::uint32_t size = 0;
  std::uint64_t number = 0, place = 0, skipped_bytes = 0;
};

std::array<std::uint8_t, kFrameMessageSize> encode(const FrameMessage& message);
// Errors: damaged, when it is none. subject: what the child reads.
FrameMessage parse_frame_message(ByteView bytes, const std::string& subject);

class FrameWindow {
 public:
  FrameWindow(ByteSource source, std::string subject)
      : source_(std::move(source)), subject_(std::move(subject)) {}

  // Has `size` bytes of the stream's beginning, or as many as there are.
  ByteView peek(std::size_t size);
  // The bytes that answer a want, none at the end; they stay until the next call. Errors: damaged,
  // when it asks for what no reader needs; what the source throws: then ask again.
  ByteView give(const FrameMessage& want);
  // The frame that the child found. Errors: damaged, when it cannot be there.
  Frame take(const FrameMessage& frame);
  // The bytes after the last frame. Errors: damaged, when the child ends before the stream.
  std::uint64_t end(const FrameMessage& end) const;

  std::uint64_t bytes_read() const { return read_; }
  std::size_t size() const { return bytes_.size(); }  // in memory

 private:
  bool read_more(std::size_t size);
  [[noreturn]] void fail(const char* what) const;

  ByteSource source_;
  std::string subject_;
  Bytes bytes_;                   // of the stream, from first_ on
  std::uint64_t first_ = 0;       // place of bytes_[0]
  std::uint64_t done_ = 0;        // the child needs nothing before it
  std::uint64_t given_ = 0;       // to the child
  std::uint64_t read_ = 0;        // from the source
  bool has_ended_ = false;        // the source has no more
  bool was_told_ = false;         // and the child knows
  std::uint64_t next_place_ = 0;  // the next frame begins here or behind
};

}  // namespace courier
