// Parcel probe: does a file begin like a parcel? Its name says nothing; the frames do.
#pragma once

#include "base/bytes.h"

namespace courier {

// A volume header's frame is shorter than this, so that the label's frame begins inside.
inline constexpr std::size_t kProbeSize = 512;

// beginning: the first kProbeSize bytes, or the whole of a shorter file. True for a frame's magic
// at the first byte, and also when that is damaged but the label's frame follows within: a damaged
// parcel is still to be named as one.
bool begins_like_parcel(ByteView beginning);

}  // namespace courier
