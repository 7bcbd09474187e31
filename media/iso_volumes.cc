#include "media/iso_volumes.h"

#include <utility>

#include "media/volume_offer.h"

namespace courier {

ScanResult offer_iso_volumes(const VolumeBytes& image, const std::string& where,
                             const std::function<void(OfferedVolume&&)>& each,
                             std::uint64_t session) {
  IsoListing listing = list_iso(with_place(image, where), where, session);
  ScanResult result;
  result.unreadable = std::move(listing.unreadable);
  for (const IsoFile& file : listing.files) {
    const std::string path = where + "/" + escaped(file.path);
    std::optional<OfferedVolume> volume;
    try {
      volume = offer_if_parcel(path, with_place(iso_file_bytes(image, file), path));
    } catch (const Error& error) {
      result.unreadable.push_back(error);
    }
    if (!volume) continue;
    ++result.found;
    each(std::move(*volume));
  }
  return result;
}

std::string iso_label(const VolumeBytes& image, std::uint64_t session) {
  return list_iso(with_place(image, ""), "image", session).label;
}

std::optional<VolumeBytes> iso_file_named(const VolumeBytes& image, const std::string& where,
                                          const std::string& name, std::uint64_t session) {
  const IsoListing listing = list_iso(with_place(image, where), where, session);
  for (const IsoFile& file : listing.files) {
    if (file.path == name) return with_place(iso_file_bytes(image, file), where + "/" + name);
  }
  return std::nullopt;
}

}  // namespace courier
