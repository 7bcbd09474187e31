#include "media/raw_medium.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/safe_path.h"
#include "media/aligned_buffer.h"
#include "media/medium_errors.h"
#include "media/proved_write.h"
#include "media/volume_offer.h"

namespace courier {

namespace {

constexpr std::size_t kBlock = 4u << 20;
constexpr std::uint64_t kBlankEnds = 1u << 20;  // what must be blank at either end

bool is_blank(ByteView bytes) {
  return !bytes.empty() && (bytes[0] == 0 || bytes[0] == 0xff) &&
         std::ranges::all_of(bytes, [&](std::uint8_t b) { return b == bytes[0]; });
}

}  // namespace

// The medium, open. direct: every read and write is aligned, and past the page cache.
struct RawMedium::Opened {
  std::shared_ptr<const Fd> fd;
  VolumeBytes bytes;
  bool is_direct = false;
  Quirks quirks;
};

std::string RawMedium::where() const { return "raw:" + escaped(path_); }

RawMedium::Opened RawMedium::open_to_read() {
  Fd fd = fs_.open(path_, O_RDONLY | O_NONBLOCK);
  const struct stat status = fs_.stat(fd);
  if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
    throw Error(ErrorCode::usage, where(), "is neither a drive nor an image file")
        .with_hint("name the drive itself, such as raw:/dev/sdb");
  }
  fs_.drop_cache(fd);
  const std::uint64_t size = size_of_device(fs_, fd);
  return {nullptr, bytes_of_device(fs_, std::move(fd), size), false, {}};
}

MediumIdentity RawMedium::identity() {
  const Fd fd = fs_.open(path_, O_RDONLY | O_NONBLOCK);
  const struct stat status = fs_.stat(fd);
  MediumIdentity identity;
  identity.kind = "drive";  // or what stands for one
  identity.mount_point = where();
  if (S_ISBLK(status.st_mode)) {
    identity.device = fmt::format("{}:{}", major(status.st_rdev), minor(status.st_rdev));
    identity.serial = identity_of_drive(fs_, identity.device, root_).serial;
    identity.usb = identity_of(fs_, fd, root_).usb;
  }
  return identity;
}

ScanResult RawMedium::scan(const std::function<void(OfferedVolume&&)>& each) {
  const Opened opened = open_to_read();
  RawChain chain = walk_raw(with_place(opened.bytes, where()));
  ScanResult result;
  result.unreadable = std::move(chain.unreadable);
  for (const RawVolume& one : chain.volumes) {
    const std::string path = one.is_marked ? where() + "/" + escaped(one.mark.name)
                                           : fmt::format("{}/at byte {}", where(), one.data);
    std::optional<OfferedVolume> volume;
    try {
      volume =
          offer_if_parcel(path, with_place(slice(opened.bytes, one.data, one.mark.size), path));
    } catch (const Error& error) {
      result.unreadable.push_back(error);
    }
    if (!volume) continue;
    ++result.found;
    each(std::move(*volume));
  }
  return result;
}

void RawMedium::check_may_write(const Fd& fd) {
  const struct stat status = fs_.stat(fd);
  if (S_ISREG(status.st_mode) && fs_.space(fd).read_only) {
    throw read_only_error("medium " + where());
  }
  if (!S_ISBLK(status.st_mode)) return;
  const std::string numbers = fmt::format("{}:{}", major(status.st_rdev), minor(status.st_rdev));
  const DriveIdentity drive = identity_of_drive(fs_, numbers, root_);
  const auto refuse = [&](const std::string& what, const std::string& hint) {
    throw Error(ErrorCode::not_allowed, "drive " + escaped(path_), what).with_hint(hint);
  };
  if (!drive.in_use.empty()) refuse("is " + drive.in_use, "unmount it, or name another drive");
  if (drive.is_fixed) {
    refuse("is a disk of this machine: neither removable nor on USB",
           "name a removable drive; a disk of the machine is never written past its file system");
  }
  if (drive.is_image) return;
  const std::string serial = drive.serial.empty() ? "none" : drive.serial;
  if (serial_ == serial) return;
  throw Error(ErrorCode::usage, "drive " + escaped(path_),
              serial_.empty() ? "its serial number must be given"
                              : fmt::format("its serial number is {}, not {}", escaped(serial),
                                            escaped(serial_)))
      .with_hint(fmt::format("if it is the right drive, give --serial {}", escaped(serial)));
}

RawMedium::Opened RawMedium::open_to_write() {
  // Before it is opened, and without: whether it may be written to.
  check_may_write(fs_.open(path_, O_PATH));
  open_to_read();  // says what is no medium
  Opened opened;
  // O_EXCL: the kernel, too, refuses a drive that is in use.
  for (const int direct : {O_DIRECT, 0}) {
    try {
      opened.fd =
          std::make_shared<const Fd>(fs_.open(path_, O_RDWR | O_EXCL | O_NONBLOCK | direct));
      opened.is_direct = direct != 0;
      break;
    } catch (const Error&) {
      if (direct == 0) throw;  // with O_DIRECT it may only be that the file system has none
    }
  }
  opened.quirks = quirks_for_writing(fs_, *opened.fd, root_);
  const std::uint64_t size = size_of_device(fs_, *opened.fd);
  const std::size_t most = opened.quirks.piece(kBlock);
  // Whatever is asked for is read in whole aligned blocks.
  auto buffer = std::make_shared<AlignedBuffer>(kBlock);
  opened.bytes = {
      size, [this, fd = opened.fd, buffer, size, most](std::uint64_t offset, MutableByteView out) {
        std::size_t filled = 0;
        while (filled < out.size() && offset + filled < size) {
          const std::uint64_t at = offset + filled, from = at / kAlignment * kAlignment;
          // Not beyond the end: a file system may have none there.
          const std::uint64_t rest = (size - from + kAlignment - 1) / kAlignment * kAlignment;
          const std::size_t n = fs_.pread(
              *fd,
              buffer->bytes().first(static_cast<std::size_t>(std::min<std::uint64_t>(most, rest))),
              from);
          if (from + n <= at) break;
          const ByteView there =
              ByteView(buffer->bytes()).first(n).subspan(static_cast<std::size_t>(at - from));
          const std::size_t taken = std::min(there.size(), out.size() - filled);
          std::copy_n(there.begin(), taken, out.begin() + static_cast<std::ptrdiff_t>(filled));
          filled += taken;
        }
        return filled;
      }};
  return opened;
}

RawChain RawMedium::chain_to_append(const Opened& opened) {
  RawChain chain = walk_raw(with_place(opened.bytes, where()));
  if (!chain.unreadable.empty()) throw chain.unreadable.front();
  const auto refuse = [&](const std::string& what, const std::string& wipe) {
    throw Error(ErrorCode::not_allowed, "medium " + where(), what)
        .with_hint(
            "nothing is ever overwritten: take another medium or, if what is on it may go, "
            "clear it: " +
            wipe);
  };
  if (!chain.volumes.empty() && !chain.volumes.back().is_marked) {
    refuse("has a parcel at its end of which nobody says how long it is",
           "all of it, with `blkdiscard -z` or `dd if=/dev/zero`");
  }
  if (!chain.volumes.empty() || chain.is_unfinished) return chain;
  const std::uint64_t size = opened.bytes.size;
  std::string places, wipe;
  for (const std::uint64_t at : {std::uint64_t{0}, size - std::min(size, kBlankEnds)}) {
    Bytes end(static_cast<std::size_t>(std::min(size, kBlankEnds)));
    end.resize(with_place(opened.bytes, where()).read_at(at, end));
    if (end.empty() || is_blank(end)) continue;
    places += fmt::format("{}{} to {}", places.empty() ? "" : " and ", at, at + end.size());
    // A signature's removal (wipefs) would leave bytes there.
    wipe +=
        fmt::format("{}dd if=/dev/zero of={} bs={} count=1 seek={} oflag=seek_bytes conv=notrunc",
                    wipe.empty() ? "" : " && ", escaped(path_), end.size(), at);
  }
  if (!wipe.empty())
    refuse("holds something that is not Courier's, within bytes " + places, "`" + wipe + "`");
  return chain;
}

std::uint64_t RawMedium::room() {
  const Opened opened = open_to_write();
  const RawChain chain = chain_to_append(opened);
  const std::uint64_t begin = raw_data_of(chain.end), size = opened.bytes.size;
  return begin >= size ? 0 : (size - begin) / kAlignment * kAlignment;
}

void RawMedium::write_marks(const Opened& opened, const VolumeMark& mark) {
  AlignedBuffer block(kVolumeMarkSize);
  std::ranges::copy(encode_volume_mark(mark), block.bytes().begin());
  for (const std::uint64_t at : {mark.position, mark.position + kRawUnit}) {
    write_at(opened, block.bytes(), at);
  }
  sync(opened);
}

void RawMedium::write_at(const Opened& opened, ByteView block, std::uint64_t position) {
  while (!block.empty()) {
    const ByteView piece = block.first(opened.quirks.piece(block.size()));
    fs_.pwrite(*opened.fd, piece, position);
    block = block.subspan(piece.size());
    position += piece.size();
  }
}

void RawMedium::sync(const Opened& opened) {
  fs_.sync(*opened.fd);
  if (opened.quirks.settle_seconds > 0) wait_(opened.quirks.settle_seconds);
  if (!opened.is_direct) fs_.drop_cache(*opened.fd);
}

Digest RawMedium::write_volume(const Opened& opened, const VolumeBytes& from,
                               const std::string& name, std::uint64_t at,
                               const ProgressSink& progress) {
  AlignedBuffer tail(kBlock);
  const auto write_padded = [&](std::uint64_t position, ByteView block) {
    if (block.size() % kAlignment != 0) {  // the last one
      const auto padded = tail.bytes().first((block.size() / kAlignment + 1) * kAlignment);
      std::fill(padded.begin(), padded.end(), std::uint8_t{0});
      std::ranges::copy(block, padded.begin());
      block = padded;
    }
    write_at(opened, block, position);
  };
  write_marks(opened, {VolumeMark::Kind::raw_unfinished, at, from.size, 0, name, {}});
  // What an older use of the medium left behind this volume is no volume.
  const std::uint64_t next = raw_next(at, from.size);
  AlignedBuffer nothing(kVolumeMarkSize);
  std::ranges::fill(nothing.bytes(), std::uint8_t{0});
  for (const std::uint64_t mark : {next, next + kRawUnit}) {
    if (mark + kVolumeMarkSize <= opened.bytes.size) write_padded(mark, nothing.bytes());
  }
  std::uint64_t position = raw_data_of(at);
  const auto write_next = [&](ByteView block) {
    write_padded(position, block);
    position += block.size();
  };
  const Written written =
      copy_with_checksums(from, write_next, {"writing", name, 0, 0, 0, 2}, progress);
  report(progress, {"flushing", name, written.size, written.size, 0, 2});
  sync(opened);
  const VolumeBytes back =
      with_place(slice(opened.bytes, raw_data_of(at), from.size), where() + "/" + name);
  const ReadBack proof = compare_back(back, written, {"verifying", name, 0, 0, 1, 2}, progress);
  if (proof.same) return proof.digest;
  Error error = spoilt_error("medium " + where(), name, proof, written.size);
  const auto& sums = written.block_checksums;
  const auto other = std::ranges::find(sums, proof.came_back);
  if (other != sums.end()) {
    const auto shown = static_cast<std::uint64_t>(other - sums.begin()) * kBlock;
    throw Error(ErrorCode::device, "medium " + where(),
                fmt::format("has a false capacity: at byte {} of {} it gives back what was written "
                            "at byte {}, so it holds about {} and says {}",
                            proof.first_byte, name, shown,
                            human_size(shown > proof.first_byte ? shown - proof.first_byte
                                                                : proof.first_byte - shown),
                            human_size(opened.bytes.size)))
        .with_loss(error.loss())
        .with_hint("do not use this medium again: it loses whatever goes beyond its true size");
  }
  throw error;
}

void RawMedium::check_others(const Opened& opened, const RawChain& chain, const std::string& name,
                             const ProgressSink& progress) {
  Bytes buffer(kBlock);
  ProgressEvent event{"verifying", name, 0, 0, 1, 2};
  for (const RawVolume& volume : chain.volumes) {
    const VolumeBytes bytes = with_place(slice(opened.bytes, volume.data, volume.mark.size),
                                         where() + "/" + escaped(volume.mark.name));
    Hasher hasher(DigestKind::file);
    event.total = bytes.size;
    for (event.done = 0; event.done < bytes.size;) {
      report(progress, event);
      const std::size_t n = bytes.read_at(event.done, buffer);
      if (n == 0) break;
      hasher.update(ByteView(buffer).first(n));
      event.done += n;
    }
    if (hasher.finish() == volume.mark.digest) continue;
    throw Error(ErrorCode::device, "medium " + where(),
                fmt::format("does not hold {} any more, which lay there before {} was written",
                            escaped(volume.mark.name), name))
        .with_loss(
            fmt::format("{} on this medium is lost; neither parcel is", escaped(volume.mark.name)))
        .with_hint("do not use this medium again: it is failing, or smaller than it says");
  }
}

ProvedCopy RawMedium::write_proved(const VolumeBytes& from, const std::string& name,
                                   const ProgressSink& progress) {
  ProvedCopy copy;
  copy.path = where() + "/" + SafeName::parse(name).str();
  copy.size = from.size;
  const Opened opened = open_to_write();
  copy.direct = opened.is_direct;
  const RawChain chain = chain_to_append(opened);
  for (const RawVolume& volume : chain.volumes) {
    if (volume.mark.name != name) continue;
    const Written written = copy_with_checksums(from, {}, {"writing", name, 0, 0, 0, 2}, progress);
    const VolumeBytes there =
        with_place(slice(opened.bytes, volume.data, volume.mark.size), copy.path);
    const ReadBack proof = compare_back(there, written, {"verifying", name, 0, 0, 1, 2}, progress);
    if (!proof.same) throw taken_error(copy.path);
    copy.was_there = true;
    copy.digest = proof.digest;
    copy.medium = identity();
    return copy;
  }
  const std::uint64_t at = chain.end, begin = raw_data_of(at), size = opened.bytes.size;
  const std::uint64_t free = begin >= size ? 0 : size - begin;
  const std::uint64_t needed = (from.size + kAlignment - 1) / kAlignment * kAlignment;
  if (needed > free) throw no_room_error("medium " + where(), from.size, free);

  copy.digest = write_volume(opened, from, name, at, progress);
  check_others(opened, chain, name, progress);
  write_marks(opened, {VolumeMark::Kind::raw, at, from.size, 0, name, copy.digest});
  const RawChain after = walk_raw(with_place(opened.bytes, where()));
  if (after.volumes.size() != chain.volumes.size() + 1 ||
      after.volumes.back().mark.digest != copy.digest) {
    throw Error(ErrorCode::device, "medium " + where(),
                fmt::format("gave back something else than was written as the mark of {}", name))
        .with_hint("do not use this medium again: it is failing, or smaller than it says");
  }
  copy.medium = identity();
  return copy;
}

}  // namespace courier
