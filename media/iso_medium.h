// ISO medium: an ISO 9660 image file, "iso:FILE", with one volume in it.
//
// Reading: without mounting, each file that begins like a parcel, four folders deep. Writing: one
// volume makes one image, which is written once and, like a burnt disc, never added to. It is a
// temporary file until it was read back past the page cache, whole, as a parcel on a folder is.
#pragma once

#include <string>

#include "media/medium.h"
#include "media/xorriso.h"

namespace courier {

class IsoMedium final : public Medium {
 public:
  // path: of the image, which need not be there.
  IsoMedium(FileSystem& fs, std::string path, Xorriso xorriso = Xorriso())
      : fs_(fs), path_(std::move(path)), xorriso_(std::move(xorriso)) {}

  MediumIdentity identity() override;
  // Besides: not_found, when there is no image, or it has no ISO 9660 file system.
  ScanResult scan(const std::function<void(OfferedVolume&&)>& each) override;
  std::uint64_t room() override;
  ProvedCopy write_proved(const VolumeBytes& from, const std::string& name,
                          const ProgressSink& progress) override;

 private:
  std::string where() const { return "iso:" + path_; }
  VolumeBytes open_image();
  std::uint64_t free_bytes();  // for the image

  FileSystem& fs_;
  const std::string path_;
  const Xorriso xorriso_;
};

}  // namespace courier
