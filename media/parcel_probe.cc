#include "media/parcel_probe.h"

#include <algorithm>
#include <array>

#include "base/frame.h"

namespace courier {

bool begins_like_parcel(ByteView beginning) {
  if (beginning.size() < kFrameHeaderSize) return false;
  for (std::size_t at = 0; at + kFrameHeaderSize <= beginning.size(); ++at) {
    const ParsedFrame frame = parse_frame_header(beginning.subspan(at, kFrameHeaderSize));
    if (at == 0 && frame.fault != FrameFault::no_magic) return true;
    // An archive with a parcel in it shows the volume header first, and is no parcel.
    if (frame.fault == FrameFault::none) {
      return frame.header.kind == static_cast<std::uint8_t>(FrameKind::label);
    }
  }
  return false;
}

}  // namespace courier
