// Medium errors: what every medium says in the same words.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/file_system.h"
#include "media/proved_write.h"
#include "media/volume_bytes.h"

namespace courier {

// "4.2 GB (4200000000 bytes)"
std::string in_numbers(std::uint64_t bytes);

// Errors: not_allowed, when this user may make no file in the folder. What else keeps it from that
// is told by trying.
void require_may_write(const Fd& dir);
// How a file that is a medium's image is named to be read as one; empty: it is none.
std::string image_hint(const std::string& path, const VolumeBytes& bytes);
// `path` is no parcel.
Error no_parcel_error(const std::string& path, const VolumeBytes& bytes);
// `path` is there with other content.
Error taken_error(const std::string& path);
// subject: "medium /media/usb".
Error read_only_error(const std::string& subject);
Error no_room_error(const std::string& subject, std::uint64_t needed, std::uint64_t free);
// The drive was pulled out while `name` was written to it.
Error gone_error(const std::string& subject, const std::string& name);
// The medium gave back something else than was written to `name`.
Error spoilt_error(const std::string& subject, const std::string& name, const ReadBack& proof,
                   std::uint64_t size);

}  // namespace courier
