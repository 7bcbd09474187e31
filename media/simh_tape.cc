#include "media/simh_tape.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "base/codec.h"
#include "base/durable.h"
#include "media/medium_errors.h"

namespace courier {

namespace {

constexpr std::uint32_t kFilemark = 0, kEndOfMedium = 0xFFFFFFFF, kGap = 0xFFFFFFFE;
constexpr std::uint32_t kIsBad = 0x80000000, kLength = 0x00FFFFFF;

Fd folder_of(FileSystem& fs, const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return open_dir(fs, folder.empty() ? "." : folder);
}

Bytes encoded(std::uint32_t word) {
  Encoder out;
  out.u32(word);
  return out.take();
}

}  // namespace

struct SimhTape::Header {
  TapeRead::Kind kind = TapeRead::Kind::end_of_data;
  std::uint32_t size = 0;
  bool is_bad = false;
  std::uint64_t next = 0;  // where what follows begins
};

SimhTape::SimhTape(FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) { rewind(); }

void SimhTape::rewind() {
  at_ = 0;
  if (fd_) return;
  try {
    fd_ = fs_.open(path_, O_RDONLY | O_NONBLOCK);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    return;  // a tape that was never written to
  }
  if (!S_ISREG(fs_.stat(fd_).st_mode)) {
    throw Error(ErrorCode::usage, escaped(name()), "is no file")
        .with_hint("name a tape's file, or the drive itself: /dev/nst0");
  }
}

Error SimhTape::broken(const std::string& what) const {
  return Error(ErrorCode::device, escaped(name()), fmt::format("{} at byte {}", what, at_))
      .with_hint("what is before that is read; take another copy of the tape for the rest");
}

std::uint64_t SimhTape::room() {
  const Fd dir = folder_of(fs_, path_);
  const SpaceInfo space = fs_.space(dir);
  if (space.read_only) throw read_only_error("medium " + escaped(name()));
  if (space.total_bytes == 0) return INT64_MAX;
  return space.free_bytes;
}

std::size_t SimhTape::read_fully(MutableByteView out, std::uint64_t offset) {
  std::size_t filled = 0;
  while (fd_ && filled < out.size()) {
    const std::size_t n = fs_.pread(fd_, out.subspan(filled), offset + filled);
    if (n == 0) break;
    filled += n;
  }
  return filled;
}

SimhTape::Header SimhTape::read_header() {
  Header header;
  std::array<std::uint8_t, 4> bytes{};
  for (;;) {
    const std::size_t n = read_fully(bytes, at_);
    if (n == 0) return header;
    if (n < bytes.size()) {
      header.kind = TapeRead::Kind::torn;
      return header;
    }
    const std::uint32_t word = Decoder(ByteView(bytes), "tape").u32();
    if (word == kEndOfMedium) return header;
    if (word != kGap) {
      header.size = word & kLength;
      header.is_bad = (word & kIsBad) != 0;
      header.kind = word == kFilemark ? TapeRead::Kind::filemark : TapeRead::Kind::record;
      if ((word & ~kIsBad & ~kLength) != 0 || (word != kFilemark && header.size == 0)) {
        throw broken(fmt::format("has no record, but the number {}", word));
      }
      header.next = at_ + 4;
      if (word != kFilemark) header.next += header.size + header.size % 2 + 4;
      return header;
    }
    at_ += 4;
  }
}

TapeRead SimhTape::read_record(MutableByteView out) {
  const Header header = read_header();
  if (header.kind == TapeRead::Kind::end_of_data) return {};
  if (header.kind == TapeRead::Kind::torn) return {TapeRead::Kind::torn, 0};
  if (header.kind == TapeRead::Kind::record) {
    if (header.size > out.size()) {
      throw broken(fmt::format("has a record of {} bytes, longer than the {} expected,",
                               header.size, out.size()));
    }
    const MutableByteView record = out.first(header.size);
    std::array<std::uint8_t, 4> after{};
    const std::size_t n = read_fully(record, at_ + 4);
    if (n != record.size() || read_fully(after, header.next - 4) != after.size()) {
      return {TapeRead::Kind::torn, n};
    }
    if (header.is_bad) throw broken("has a record that its writer says is bad");
    if ((Decoder(ByteView(after), "tape").u32() & kLength) != header.size) {
      throw broken("has a record whose two lengths differ");
    }
  }
  at_ = header.next;
  return {header.kind, header.size};
}

void SimhTape::open_to_write() {
  if (!is_writable_) {
    fd_ = fs_.open(path_, O_RDWR | O_CREAT | O_NONBLOCK, 0644);
    is_writable_ = true;
  }
  // Once something is written, nothing is behind it.
  if (static_cast<std::uint64_t>(fs_.stat(fd_).st_size) > at_) fs_.truncate(fd_, at_);
}

void SimhTape::write_record(ByteView record) {
  open_to_write();
  const auto length = static_cast<std::uint32_t>(record.size());
  Bytes bytes = encoded(length);
  bytes.insert(bytes.end(), record.begin(), record.end());
  if (record.size() % 2 != 0) bytes.push_back(0);
  const Bytes again = encoded(length);
  bytes.insert(bytes.end(), again.begin(), again.end());
  fs_.pwrite(fd_, bytes, at_);
  at_ += bytes.size();
}

void SimhTape::write_filemark() {
  open_to_write();
  fs_.pwrite(fd_, encoded(kFilemark), at_);
  at_ += 4;
  fs_.sync(fd_);
}

bool SimhTape::space_files(std::uint64_t n) {
  while (n > 0) {
    const Header header = read_header();
    if (header.kind == TapeRead::Kind::end_of_data || header.kind == TapeRead::Kind::torn) {
      return false;
    }
    at_ = header.next;
    if (header.kind == TapeRead::Kind::filemark) --n;
  }
  return true;
}

void SimhTape::forget_caches() {
  if (fd_) fs_.drop_cache(fd_);
}

}  // namespace courier
