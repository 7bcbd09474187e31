// Tape medium: volumes on a tape, one behind the other, each a file of the tape. parcel/FORMAT.md,
// "Media without a file system".
//
//   mark | records of 256 KiB ... | filemark | mark | ... | filemark | end mark | filemark
//
// All records of a volume are of one size, the last one padded with zeros. It rewinds first,
// wherever the tape stands, and reads by the marks alone: a volume ends with the bytes that its
// mark names, the tape with the end mark, and never with what a drive says is behind it. A volume
// whose filemark is missing was never finished, and the next one takes its place; what is not
// Courier's is never written over.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "media/medium.h"
#include "media/proved_write.h"
#include "media/tape_drive.h"
#include "media/volume_mark.h"

namespace courier {

inline constexpr std::uint32_t kTapeRecord = 256u << 10;

class TapeMedium final : public Medium {
 public:
  // record_size: of what is written, a power of two from 4096 to 4 MiB; any is read.
  explicit TapeMedium(std::unique_ptr<TapeDrive> drive, std::uint32_t record_size = kTapeRecord);
  ~TapeMedium() override;

  MediumIdentity identity() override;
  // Besides: not_found, when the tape has something that is not Courier's.
  ScanResult scan(const std::function<void(OfferedVolume&&)>& each) override;
  std::uint64_t room() override;
  // Besides: no_space when the tape ends early, with the size of volumes that it holds.
  ProvedCopy write_proved(const VolumeBytes& from, const std::string& name,
                          const ProgressSink& progress) override;

 private:
  struct Contents;
  class Stream;
  Contents walk();
  void write_end(std::uint64_t file);
  struct Streamed;  // what was written, and how often it ran dry
  Streamed write_volume(const VolumeBytes& from, const VolumeMark& mark,
                        const ProgressSink& progress);
  ReadBack prove(const VolumeMark& mark, const Written& written, const ProgressSink& progress);

  // Shared with the sources of what was offered, which outlive the medium.
  struct Shared;
  const std::shared_ptr<Shared> shared_;
  const std::uint32_t record_size_;
};

}  // namespace courier
