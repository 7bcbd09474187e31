// Picture worker: the confined child's side of reading the QR codes in a picture. The only place
// where libraries take pictures apart.
#pragma once

#include "base/confinement.h"
#include "courier/picture_message.h"

namespace courier {

// PNG or JPEG, told by its first bytes. One of more than max_pixels is not looked at.
SeenPicture see_picture(ByteView file, std::uint64_t max_pixels = kMaxPixels);

// Reads a size of 8 bytes and as many bytes of a file; writes a size of 4 bytes and the message.
ConfinedWorker picture_worker();

}  // namespace courier
