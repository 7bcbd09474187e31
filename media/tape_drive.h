// Tape drive: the thin seam below which a tape is a real one in its drive (StTape) or a file
// (SimhTape), and above which both are the same code (TapeMedium).
//
// A tape is a run of records, each read with one call, cut into files by filemarks. Writing a
// record ends the tape behind it: what lay there is gone.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace courier {

struct TapeRead {
  enum class Kind { record, filemark, end_of_data, torn };
  Kind kind = Kind::end_of_data;
  std::size_t size = 0;  // of the record; of a torn one, at the tape's end, what is there
};

class TapeDrive {
 public:
  virtual ~TapeDrive() = default;

  // "tape:FILE", "/dev/nst0"; for messages.
  virtual std::string name() const = 0;
  virtual std::string serial() { return {}; }
  // 0: a record has any size, and is read whole. Else the drive knows blocks of this size only, a
  // power of two and at most kVolumeMarkSize: a record is a multiple of it, the drive does not keep
  // where one ends, and a read takes as much as `out` holds, up to a filemark.
  virtual std::size_t block_size() const { return 0; }
  // How many bytes of records can be written now, as far as anybody knows.
  virtual std::uint64_t room() = 0;
  // Reads the next record whole. Errors: device, when it is longer than `out`, or cannot be read.
  virtual TapeRead read_record(MutableByteView out) = 0;
  // Errors: no_space, when the tape ends here (early warning); device, also when it is
  // write-protected.
  virtual void write_record(ByteView record) = 0;
  // Writes one filemark and waits until all is on the tape. Errors: likewise.
  virtual void write_filemark() = 0;
  virtual void rewind() = 0;
  // Goes forwards behind the nth filemark from here. False when the data ends before that.
  virtual bool space_files(std::uint64_t n) = 0;
  // Before what was written is read back: forgets what is in caches.
  virtual void forget_caches() = 0;
};

}  // namespace courier
