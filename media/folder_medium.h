// Folder medium: parcels on a mounted folder (a USB drive, a network share, a plain folder), or one
// parcel file.
//
// Reading: folders are looked into four levels deep, through no link; hidden folders, `._*` and
// other hidden files, and whatever does not begin like a parcel are passed over.
//
// Writing: space is looked at first, what of it is kept back grows with the drive; then a temporary
// file, fsync, the page cache dropped, read back with O_DIRECT where the file system has it,
// compared; only then the name, and fsync of the folder. So a copy that has its name is durable and
// proved. What a copy that was killed left behind is removed by the next one; the copy holds a lock
// on its temporary file meanwhile, so that of two couriers at one drive none sweeps the other's.
#pragma once

#include <functional>
#include <string>

#include "media/medium.h"
#include "media/quirks.h"

namespace courier {

class FolderMedium final : public Medium {
 public:
  // root: as identity_of. Errors: not_found, device; usage, when path is neither folder nor
  // ordinary file.
  FolderMedium(FileSystem& fs, std::string path, std::string root = "", Wait wait = wait_seconds);

  MediumIdentity identity() override;
  // Besides: damaged, when the path is one file and that is no parcel.
  ScanResult scan(const std::function<void(OfferedVolume&&)>& each) override;
  std::uint64_t room() override;
  ProvedCopy write_proved(const VolumeBytes& from, const std::string& name,
                          const ProgressSink& progress) override;

  // Errors: usage, when it is a file.
  void require_folder() const;
  bool has_device();

  // Removes the volumes that `goes` names, each as a whole and durably before the next is looked
  // at. Errors: usage, when it is no folder; device, when it is read-only or fails. Ensures: after
  // a failure, or a power cut, every volume is there whole or gone.
  void remove(const std::function<bool(const OfferedVolume&)>& goes);

 private:
  FileSystem& fs_;
  const std::string path_, root_;
  const Wait wait_;
  Fd fd_;  // the folder or the file
  bool is_folder_ = false;
};

}  // namespace courier
