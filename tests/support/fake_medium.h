// A medium in memory that fails when it is told to: full, read-only, pulled out, or giving back
// other bytes than were written. It keeps the contract of media/medium.h like any other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "media/medium.h"

namespace courier::test {

class FakeMedium final : public Medium {
 public:
  void put(const std::string& name, Bytes content) { files_[name] = std::move(content); }
  const std::map<std::string, Bytes>& files() const { return files_; }

  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }
  // No file of it can be larger, as on FAT32.
  void set_largest_file(std::uint64_t bytes) { largest_ = bytes; }
  void set_read_only() { read_only_ = true; }
  // Reads of any file fail from this byte on, as when the drive is pulled out.
  void fail_reads_from(std::uint64_t byte) { fail_from_ = byte; }
  // The next file written loses one bit.
  void spoil_next_write() { spoil_ = true; }

  MediumIdentity identity() override;
  ScanResult scan(const std::function<void(OfferedVolume&&)>& each) override;
  std::uint64_t room() override;
  ProvedCopy write_proved(const VolumeBytes& from, const std::string& name,
                          const ProgressSink& progress) override;

 private:
  std::map<std::string, Bytes> files_;
  std::uint64_t capacity_ = 64u << 20, largest_ = UINT64_MAX;
  bool read_only_ = false, spoil_ = false;
  std::optional<std::uint64_t> fail_from_;
};

}  // namespace courier::test
