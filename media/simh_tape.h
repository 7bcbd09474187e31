// SIMH tape: a tape in a file, as emulators of old machines keep them (".tap"): each record between
// two copies of its length, a length of 0 for a filemark. Source: SIMH, "simh_magtape" (length: 32
// bits little-endian, of which 24 are the length and bit 31 says that the record is bad; data
// padded to an even number of bytes; 0xFFFFFFFF: end of medium; 0xFFFFFFFE: a gap).
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/file_system.h"
#include "media/tape_drive.h"

namespace courier {

class SimhTape final : public TapeDrive {
 public:
  // path: of the file, which is made by the first write. Errors: usage, when it is no file; device.
  SimhTape(FileSystem& fs, std::string path);

  std::string name() const override { return "tape:" + path_; }
  std::uint64_t room() override;
  TapeRead read_record(MutableByteView out) override;
  void write_record(ByteView record) override;
  void write_filemark() override;
  void rewind() override;
  bool space_files(std::uint64_t n) override;
  void forget_caches() override;

 private:
  struct Header;
  Header read_header();
  std::size_t read_fully(MutableByteView out, std::uint64_t offset);
  Error broken(const std::string& what) const;
  void open_to_write();

  FileSystem& fs_;
  const std::string path_;
  Fd fd_;
  bool is_writable_ = false;
  std::uint64_t at_ = 0;
};

}  // namespace courier
