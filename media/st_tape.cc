#include "media/st_tape.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/mtio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "media/medium_errors.h"
#include "media/quirks.h"
#include "media/volume_mark.h"

namespace courier {

namespace {

constexpr std::size_t kLeastRecord = 256u << 10;  // that every adapter takes

Error tape_ends(const std::string& name) {
  return Error(ErrorCode::no_space, "tape in " + escaped(name), "ends here");
}

}  // namespace

StTape::StTape(FileSystem& fs, std::string path, const std::string& root) : path_(std::move(path)) {
  const std::string hint = "check that the drive is there and a tape is in it";
  for (const int access : {O_RDWR, O_RDONLY}) {
    try {
      fd_ = fs.open(path_, access);
      is_writable_ = access == O_RDWR;
      break;
    } catch (Error& error) {
      if (access == O_RDONLY) throw error.with_hint(hint);  // with O_RDWR: write-protected
    }
  }
  if (!operate(MTNOP, 1)) {
    throw system_error(errno, "drive " + escaped(path_), "is no tape drive, or not ready")
        .with_hint(hint);
  }
  set_block_size(quirks_under(fs, fd_, root).tape_block);
  // What a drive cannot do it need not: no compression of what is sealed, and nothing kept back, so
  // that the end of the tape is told with its own record.
  operate(MTCOMPRESSION, 0);
  operate(MTSETDRVBUFFER,
          static_cast<int>(MT_ST_CLEARBOOLEANS) | MT_ST_BUFFER_WRITES | MT_ST_ASYNC_WRITES);
}

// One write is one record, of any size, where the drive can do that; else it is a run of blocks.
void StTape::set_block_size(std::uint32_t wanted) {
  operate(MTSETBLK, static_cast<int>(wanted));
  mtget status{};
  if (::ioctl(fd_.get(), MTIOCGET, &status) != 0) return;
  block_ = static_cast<std::size_t>((status.mt_dsreg & MT_ST_BLKSIZE_MASK) >> MT_ST_BLKSIZE_SHIFT);
  if (block_ == 0 || kVolumeMarkSize % block_ == 0) return;
  throw Error(
      ErrorCode::device, "drive " + escaped(path_),
      fmt::format("has blocks of {} bytes, and cannot be set to records of any size", block_))
      .with_hint(fmt::format("set it to blocks of {} bytes or less ('mt setblk'), or take another "
                             "drive",
                             kVolumeMarkSize));
}

bool StTape::operate(short operation, int count) {
  mtop call{operation, count};
  int fault = 0;
  do {
    fault = ::ioctl(fd_.get(), MTIOCTOP, &call);
  } while (fault != 0 && errno == EINTR);
  return fault == 0;
}

long StTape::status_bits() {
  mtget status{};
  return ::ioctl(fd_.get(), MTIOCGET, &status) == 0 ? status.mt_gstat : 0;
}

std::uint64_t StTape::room() {
  if (!is_writable_ || GMT_WR_PROT(status_bits()))
    throw read_only_error("tape in " + escaped(path_));
  return INT64_MAX;
}

TapeRead StTape::read_record(MutableByteView out) {
  ssize_t n = 0;
  do {
    n = ::read(fd_.get(), buffer_.bytes().data(), std::min(out.size(), longest_));
    // More than the adapter takes in one piece; no record on this tape was longer, then.
    if (n < 0 && errno == EINVAL && longest_ > kLeastRecord) {
      longest_ /= 2;
      errno = EINTR;
    }
  } while (n < 0 && errno == EINTR);
  if (n > 0) {
    std::copy_n(buffer_.bytes().begin(), n, out.begin());
    return {TapeRead::Kind::record, static_cast<std::size_t>(n)};
  }
  const int fault = errno;
  const long bits = status_bits();
  if (n == 0) return {GMT_EOD(bits) ? TapeRead::Kind::end_of_data : TapeRead::Kind::filemark, 0};
  // A tape that was never written to.
  if (GMT_EOD(bits) || fault == ENOSPC) return {};
  if (fault == ENOMEM) {
    throw Error(ErrorCode::device, "tape in " + escaped(path_),
                fmt::format("has a record longer than the {} bytes expected",
                            std::min(out.size(), longest_)))
        .with_hint("it is not one of Courier's, or stands at the wrong place: rewind it");
  }
  throw system_error(fault, "tape in " + escaped(path_), "cannot read it");
}

void StTape::write_record(ByteView record) {
  std::ranges::copy(record, buffer_.bytes().begin());
  ssize_t n = 0;
  do {
    n = ::write(fd_.get(), buffer_.bytes().data(), record.size());
  } while (n < 0 && errno == EINTR);
  if (n == static_cast<ssize_t>(record.size())) return;
  if (n >= 0 || errno == ENOSPC) throw tape_ends(path_);
  if (errno == EACCES || errno == EROFS) throw read_only_error("tape in " + escaped(path_));
  throw system_error(errno, "tape in " + escaped(path_), "cannot write to it");
}

void StTape::write_filemark() {
  // At the early warning the first call says ENOSPC, and the next one is carried out.
  if (operate(MTWEOF, 1) || (errno == ENOSPC && operate(MTWEOF, 1))) return;
  if (errno == ENOSPC) throw tape_ends(path_);
  throw system_error(errno, "tape in " + escaped(path_), "cannot write a filemark to it");
}

void StTape::rewind() {
  if (!operate(MTREW, 1))
    throw system_error(errno, "tape in " + escaped(path_), "cannot rewind it");
}

bool StTape::space_files(std::uint64_t n) {
  for (; n > 0; --n) {
    if (operate(MTFSF, 1)) continue;
    const int fault = errno;
    if (GMT_EOD(status_bits()) || GMT_EOT(status_bits())) return false;
    throw system_error(fault, "tape in " + escaped(path_), "cannot move it");
  }
  return true;
}

}  // namespace courier
