// Disc medium: a CD, DVD or Blu-ray disc in its drive, "/dev/sr0".
//
// Reading: without mounting, by plain reads of the drive. Writing: one volume to a blank disc,
// which is closed, taken out and in again where the drive can do that, and read back whole. A disc
// that failed cannot be used again, and that is said.
#pragma once

#include <string>

#include "media/medium.h"
#include "media/xorriso.h"

namespace courier {

class DiscMedium final : public Medium {
 public:
  // device: the drive as the kernel has it; drive: as xorriso is told, the same but in tests
  // ("stdio:FILE").
  DiscMedium(FileSystem& fs, std::string device, std::string drive, Xorriso xorriso = Xorriso())
      : fs_(fs),
        device_(std::move(device)),
        drive_(std::move(drive)),
        xorriso_(std::move(xorriso)) {}

  MediumIdentity identity() override;
  // Besides: not_found, when the disc has no ISO 9660 file system.
  ScanResult scan(const std::function<void(OfferedVolume&&)>& each) override;
  // Besides: not_allowed, when the disc is not blank.
  std::uint64_t room() override;
  ProvedCopy write_proved(const VolumeBytes& from, const std::string& name,
                          const ProgressSink& progress) override;

 private:
  // And notes its last session.
  VolumeBytes open_disc();
  VolumeBytes open_burnt(const std::string& subject);
  bool has_volume(const VolumeBytes& from, const std::string& name, ProvedCopy& copy,
                  const ProgressSink& progress);

  FileSystem& fs_;
  const std::string device_, drive_;
  const Xorriso xorriso_;
  std::uint64_t session_ = 0;  // where it begins on the disc that was opened last, in bytes
};

}  // namespace courier
