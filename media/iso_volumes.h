// ISO volumes: the parcels in an ISO 9660 file system, of an image file or of a disc in its drive.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "media/iso_listing.h"
#include "media/medium.h"

namespace courier {

// Offers every file that begins like a parcel. image: as bytes_of_device gives it; where:
// "iso:out.iso" or "/dev/sr0"; session: as list_iso. Errors: as list_iso; what each throws.
ScanResult offer_iso_volumes(const VolumeBytes& image, const std::string& where,
                             const std::function<void(OfferedVolume&&)>& each,
                             std::uint64_t session = 0);

// The label of the volume. Errors: as list_iso.
std::string iso_label(const VolumeBytes& image, std::uint64_t session = 0);

// The file of this name in its root, or nullopt. Errors: as list_iso.
std::optional<VolumeBytes> iso_file_named(const VolumeBytes& image, const std::string& where,
                                          const std::string& name, std::uint64_t session = 0);

}  // namespace courier
