// The answers of a confined child that has been taken over. The input is what it says, 40 bytes a
// message; the stream is endless or ends early. Whatever it says, the window stays within its
// bound, a frame holds the stream's own bytes, and no more than one frame comes for 32 bytes given.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "parcel/frame_window.h"

using namespace courier;

namespace {

std::uint8_t byte_at(std::uint64_t place) { return static_cast<std::uint8_t>(place * 131 >> 2); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint64_t length = data[0] % 2 == 0 ? UINT64_MAX : std::uint64_t{data[0]} * 1000;
  ByteView said = ByteView(data, size).subspan(1);
  std::uint64_t read = 0, given = 0, frames = 0;
  FrameWindow window(
      [&](MutableByteView out) {
        // In small pieces, as a source may: a run is short. The unit test has the large ones.
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>({out.size(), length - read, 4000}));
        for (std::size_t i = 0; i < count; ++i) out[i] = byte_at(read + i);
        read += count;
        return count;
      },
      "input");
  if (data[0] % 3 == 0) window.peek(data[0]);
  try {
    for (; said.size() >= kFrameMessageSize; said = said.subspan(kFrameMessageSize)) {
      const FrameMessage message = parse_frame_message(said.first(kFrameMessageSize), "input");
      if (message.what == FrameMessageKind::want) {
        const ByteView bytes = window.give(message);
        for (std::size_t i = 0; i < bytes.size(); ++i) {
          if (bytes[i] != byte_at(given + i)) std::abort();
        }
        given += bytes.size();
      } else if (message.what == FrameMessageKind::frame) {
        const Frame frame = window.take(message);
        if (++frames > given / kFrameHeaderSize) std::abort();
        if (frame.offset + kFrameHeaderSize + frame.payload.size() > given) std::abort();
        for (std::size_t i = 0; i < frame.payload.size(); ++i) {
          if (frame.payload[i] != byte_at(frame.offset + kFrameHeaderSize + i)) std::abort();
        }
      } else if (window.end(message) > given) {
        std::abort();
      }
      if (window.size() > kMaxWindow || window.bytes_read() != read) std::abort();
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged) std::abort();
  }
  return 0;
}
