// A parcel's frames straight from its bytes, in this process: for tests that look at what a reader
// makes of them. The program itself reads them in a confined child.
#pragma once

#include <memory>
#include <utility>

#include "parcel/frame_stream.h"

namespace courier::test {

inline std::unique_ptr<FrameSource> plain_frames(ByteSource source) {
  return std::make_unique<FrameStream>(std::move(source));
}

}  // namespace courier::test
