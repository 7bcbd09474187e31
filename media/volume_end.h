// Volume end: whether a volume looks as if it were all there, by its last bytes alone.
#pragma once

#include "media/volume_bytes.h"

namespace courier {

// Whether the bytes end with the frame that ends a parcel, or with recovery data; what cannot be
// read does not. One read of 4 KiB, no signature: what lies between may be damaged all the same.
// Precondition: bytes.read_at.
bool has_its_end(const VolumeBytes& bytes);

}  // namespace courier
