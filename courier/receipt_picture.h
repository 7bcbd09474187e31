// A receipt's code out of a picture of it: a telephone's photograph of the kiosk's page, or the
// file that `return create --receipt --qr` wrote. A confined child looks at the picture.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/progress.h"

namespace courier {

// The text of the one receipt that the picture shows; of other QR codes in it nothing is said.
// file: a PNG or JPEG by its first bytes, of at most kMaxPictureFile bytes.
// subject: "file photo.jpg", for messages.
// Errors: damaged, when it cannot be looked at, shows no QR code, or ended the child; usage, when
// it is too large, shows codes that are no receipt, or several receipts; device, when this machine
// lacks what reads pictures.
std::string receipt_in_picture(const std::string& subject, ByteView file,
                               const ProgressSink& progress);

}  // namespace courier
