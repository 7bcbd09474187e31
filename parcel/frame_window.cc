#include "parcel/frame_window.h"

#include <algorithm>

#include "base/codec.h"
#include "base/confinement.h"

namespace courier {

std::array<std::uint8_t, kFrameMessageSize> encode(const FrameMessage& message) {
  Encoder out;
  out.u8(static_cast<std::uint8_t>(message.what)).u8(message.kind);
  out.u8(static_cast<std::uint8_t>((message.intact ? 1 : 0) | (message.oversized ? 2 : 0))).u8(0);
  out.u32(message.size).u64(message.number).u64(message.place).u64(message.skipped_bytes).u64(0);
  std::array<std::uint8_t, kFrameMessageSize> bytes;
  std::ranges::copy(out.view(), bytes.begin());
  return bytes;
}

FrameMessage parse_frame_message(ByteView bytes, const std::string& subject) {
  const auto fail = [&]() -> Error {
    return confined_failure(subject, "gave an answer that makes no sense (no message)");
  };
  if (bytes.size() != kFrameMessageSize) throw fail();
  Decoder in(bytes, subject);
  FrameMessage message;
  const std::uint8_t what = in.u8();
  if (what < 1 || what > 3) throw fail();
  message.what = static_cast<FrameMessageKind>(what);
  message.kind = in.u8();
  const std::uint8_t flags = in.u8();
  if (flags > 3 || in.u8() != 0) throw fail();
  message.intact = (flags & 1) != 0;
  message.oversized = (flags & 2) != 0;
  message.size = in.u32();
  message.number = in.u64();
  message.place = in.u64();
  message.skipped_bytes = in.u64();
  if (in.u64() != 0) throw fail();
  return message;
}

void FrameWindow::fail(const char* what) const {
  throw confined_failure(subject_,
                         std::string("gave an answer that makes no sense (") + what + ")");
}

// Reads up to `size` bytes behind what is there; false at the end.
bool FrameWindow::read_more(std::size_t size) {
  if (has_ended_) return false;
  const std::size_t have = bytes_.size();
  // Once, and not doubled beyond the bound.
  if (have + size > bytes_.capacity() && have + size > kMaxWindow / 2) bytes_.reserve(kMaxWindow);
  bytes_.resize(have + size);
  std::size_t got = 0;
  try {
    got = source_(MutableByteView(bytes_).subspan(have));
  } catch (...) {  // what was read before stays, should the caller go on
    bytes_.resize(have);
    throw;
  }
  bytes_.resize(have + got);
  read_ += got;
  has_ended_ = got == 0;
  return got > 0;
}

ByteView FrameWindow::peek(std::size_t size) {
  while (bytes_.size() < size && read_more(size - bytes_.size())) {
  }
  return ByteView(bytes_).first(std::min(size, bytes_.size()));
}

ByteView FrameWindow::give(const FrameMessage& want) {
  if (want.size == 0 || want.place < done_ || want.place > given_) fail("a want");
  if (was_told_) fail("a want behind the end");
  done_ = want.place;
  next_place_ = std::max(next_place_, done_);
  // Two answers less than the window: what is moved below for its bound then frees a whole answer.
  if (given_ - done_ > kMaxWindow - 2 * kMaxGiven) fail("a window without a bound");
  const std::size_t most = std::min<std::size_t>(want.size, kMaxGiven);
  // Moved rarely, so that each byte is moved about once; and before the bound would be passed.
  const auto unused = static_cast<std::size_t>(done_ - first_);
  if (unused > 0 && (unused >= bytes_.size() / 2 || bytes_.size() + most > kMaxWindow)) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(unused));
    first_ = done_;
  }
  if (given_ == read_ && !read_more(most)) {
    was_told_ = true;
    return {};
  }
  const std::size_t size = std::min<std::size_t>(most, read_ - given_);
  const ByteView given = ByteView(bytes_).subspan(static_cast<std::size_t>(given_ - first_), size);
  given_ += size;
  return given;
}

Frame FrameWindow::take(const FrameMessage& message) {
  if (message.place < next_place_ || message.place > given_ ||
      given_ - message.place < kFrameHeaderSize) {
    fail("a frame where none can be");
  }
  if (message.skipped_bytes > given_) fail("more passed over than there is");
  Frame frame;
  frame.kind = message.kind;
  frame.number = message.number;
  frame.offset = message.place;
  frame.skipped_bytes = message.skipped_bytes;
  frame.stated_size = message.size;
  frame.oversized = message.oversized;
  frame.intact = message.intact;
  next_place_ = message.place + kFrameHeaderSize;
  if (!frame.intact) return frame;
  if (frame.oversized || frame.stated_size > frame_limit(frame.kind) ||
      frame.stated_size > given_ - next_place_) {
    fail("a frame larger than it can be");
  }
  frame.payload = to_bytes(
      ByteView(bytes_).subspan(static_cast<std::size_t>(next_place_ - first_), frame.stated_size));
  next_place_ += frame.stated_size;
  return frame;
}

std::uint64_t FrameWindow::end(const FrameMessage& message) const {
  if (!was_told_ || message.skipped_bytes > read_) fail("an end");
  return message.skipped_bytes;
}

}  // namespace courier
