// Volume offer: what a medium of random access offers of a run of bytes that is like a parcel.
#pragma once

#include <optional>
#include <string>

#include "media/medium.h"
#include "media/volume_bytes.h"

namespace courier {

// The whole of an open file or device, of this many bytes. What can be read before a bad sector is
// handed out first, and its errors do not say the byte: with_place() is for both. fs outlives the
// result.
VolumeBytes bytes_of_device(FileSystem& fs, Fd fd, std::uint64_t size);

// The same bytes, with errors that say "reading at byte 4096 of PLACE", exactly; place: may be
// empty, when the error itself names it.
VolumeBytes with_place(VolumeBytes bytes, const std::string& place);

// The size of an open file, image or block device. Errors: device.
std::uint64_t size_of_device(FileSystem& fs, const Fd& fd);

// The volume, or nullopt when its bytes neither begin like a parcel nor end with recovery data in
// its place. path: where it lies, escaped, for messages. bytes: with a place. Errors: as
// bytes.read_at.
std::optional<OfferedVolume> offer_if_parcel(std::string path, VolumeBytes bytes);

}  // namespace courier
