// ByteSource: a forward-only stream of bytes, the form in which a parcel is read from whatever it
// lies on. Each byte is handed out once.
#pragma once

#include <cstddef>
#include <functional>

#include "base/bytes.h"

namespace courier {

// Reads up to out.size() bytes into out and returns how many; 0 at the end, and only there. Errors:
// device, when the medium fails or goes away.
using ByteSource = std::function<std::size_t(MutableByteView out)>;

}  // namespace courier
