// Raw medium: a drive, or an image of one, with no file system at all: "raw:/dev/sdb", "raw:FILE".
// Nothing on it has to be understood before the parcels themselves. Layout: media/raw_chain.h.
//
// Writing a drive past its file system destroys what it has, so it is refused unless the drive is
// blank or Courier's: a mounted drive, a disk of this machine, a drive whose serial number was not
// given, and whatever has something else on its first or last mebibyte. Volumes are only added,
// behind those that are there; none is ever overwritten.
//
// A volume has its mark only when it was read back, past every cache, and so was every other one on
// the medium: a drive of false capacity puts what goes beyond its end over what is at its
// beginning.
#pragma once

#include <string>

#include "media/medium.h"
#include "media/proved_write.h"
#include "media/quirks.h"
#include "media/raw_chain.h"

namespace courier {

class RawMedium final : public Medium {
 public:
  // path: of a block device or an image file, which is there. serial: what the operator says the
  // drive's is; not asked for of an image file. root: as identity_of.
  RawMedium(FileSystem& fs, std::string path, std::string serial, std::string root = "",
            Wait wait = wait_seconds)
      : fs_(fs),
        path_(std::move(path)),
        serial_(std::move(serial)),
        root_(std::move(root)),
        wait_(std::move(wait)) {}

  MediumIdentity identity() override;
  ScanResult scan(const std::function<void(OfferedVolume&&)>& each) override;
  // Besides: not_allowed, usage, when the medium must not be written to.
  std::uint64_t room() override;
  ProvedCopy write_proved(const VolumeBytes& from, const std::string& name,
                          const ProgressSink& progress) override;

 private:
  struct Opened;
  std::string where() const;
  Opened open_to_read();
  Opened open_to_write();
  void check_may_write(const Fd& fd);
  RawChain chain_to_append(const Opened& opened);
  void write_marks(const Opened& opened, const VolumeMark& mark);
  void write_at(const Opened& opened, ByteView block, std::uint64_t position);
  void sync(const Opened& opened);
  // Returns the digest of what was read back.
  Digest write_volume(const Opened& opened, const VolumeBytes& from, const std::string& name,
                      std::uint64_t at, const ProgressSink& progress);
  void check_others(const Opened& opened, const RawChain& chain, const std::string& name,
                    const ProgressSink& progress);

  FileSystem& fs_;
  const std::string path_, serial_, root_;
  const Wait wait_;
};

}  // namespace courier
