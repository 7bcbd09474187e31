// St tape: a tape in its drive, through the Linux st driver: "/dev/nst0", the device that does not
// rewind by itself. Source: st(4), Documentation/scsi/st.rst.
#pragma once

#include <string>

#include "base/file_system.h"
#include "media/aligned_buffer.h"
#include "media/tape_drive.h"

namespace courier {

inline constexpr std::size_t kLongestRecord = 4u << 20;

class StTape final : public TapeDrive {
 public:
  // root: as quirks_under. Errors: device, when there is no such drive, no tape in it, or when it
  // knows no blocks that a record of Courier's can be made of.
  StTape(FileSystem& fs, std::string path, const std::string& root = "");

  std::string name() const override { return path_; }
  std::size_t block_size() const override { return block_; }
  // Not known: the drive says when its tape ends.
  std::uint64_t room() override;
  TapeRead read_record(MutableByteView out) override;
  void write_record(ByteView record) override;
  void write_filemark() override;
  void rewind() override;
  bool space_files(std::uint64_t n) override;
  void forget_caches() override {}  // rewinding has the drive read from the tape

 private:
  bool operate(short operation, int count);  // false: errno says why
  long status_bits();
  void set_block_size(std::uint32_t wanted);

  const std::string path_;
  Fd fd_;
  bool is_writable_ = false;
  std::size_t block_ = 0;                 // as block_size
  std::size_t longest_ = kLongestRecord;  // record that can be read, as far as is known
  AlignedBuffer buffer_{kLongestRecord};  // drivers move what is not aligned in other ways
};

}  // namespace courier
