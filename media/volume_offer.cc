#include "media/volume_offer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/volume_header.h"
#include "media/recovery_search.h"

namespace courier {

namespace {

// Reads a volume forwards. The beginning, which the probe has read, is handed out from memory.
class Forwards {
 public:
  Forwards(VolumeBytes bytes, Bytes beginning)
      : bytes_(std::move(bytes)), beginning_(std::move(beginning)) {}

  std::size_t read(MutableByteView out) {
    std::size_t n = 0;
    if (offset_ < beginning_.size()) {
      n = std::min<std::size_t>(out.size(), beginning_.size() - offset_);
      std::copy_n(beginning_.begin() + static_cast<std::ptrdiff_t>(offset_), n, out.begin());
    } else {
      n = bytes_.read_at(offset_, out);
    }
    offset_ += n;
    return n;
  }

 private:
  VolumeBytes bytes_;
  Bytes beginning_;
  std::uint64_t offset_ = 0;
};

}  // namespace

VolumeBytes with_place(VolumeBytes bytes, const std::string& place) {
  VolumeBytes placed{bytes.size, {}};
  placed.read_at = [read_at = std::move(bytes.read_at), place](std::uint64_t offset,
                                                               MutableByteView out) {
    std::size_t filled = 0;
    try {
      while (filled < out.size()) {
        const std::size_t n = read_at(offset + filled, out.subspan(filled));
        if (n == 0) break;
        filled += n;
      }
    } catch (Error& error) {
      if (error.code() == ErrorCode::device) {
        error.with_hint("clean the medium or try another drive, then run the same command");
      }
      error.in(fmt::format("reading at byte {}{}{}", offset + filled, place.empty() ? "" : " of ",
                           place));
      throw;
    }
    return filled;
  };
  return placed;
}

VolumeBytes bytes_of_device(FileSystem& fs, Fd fd, std::uint64_t size) {
  // Shared by the copies of the function, which is a std::function.
  const auto shared = std::make_shared<const Fd>(std::move(fd));
  return {size, [&fs, shared, size](std::uint64_t offset, MutableByteView out) -> std::size_t {
            if (offset >= size) return 0;
            out = out.first(
                static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size - offset)));
            std::size_t filled = 0;
            while (filled < out.size()) {
              try {
                const std::size_t n = fs.pread(*shared, out.subspan(filled), offset + filled);
                if (n == 0) break;
                filled += n;
              } catch (const Error&) {
                if (filled == 0) throw;
                break;
              }
            }
            return filled;
          }};
}

std::uint64_t size_of_device(FileSystem& fs, const Fd& fd) {
  const struct stat status = fs.stat(fd);
  if (!S_ISBLK(status.st_mode)) return static_cast<std::uint64_t>(status.st_size);
  const off_t end = ::lseek(fd.get(), 0, SEEK_END);
  if (end < 0) throw system_error(errno, path_of(fd), "cannot find out its size");
  return static_cast<std::uint64_t>(end);
}

std::optional<OfferedVolume> offer_if_parcel(std::string path, VolumeBytes bytes) {
  OfferedVolume volume;
  volume.path = std::move(path);
  volume.size = bytes.size;
  volume.bytes = std::move(bytes);
  Bytes beginning(kParcelProbeSize);
  std::optional<Error> unreadable;
  try {
    beginning.resize(volume.bytes.read_at(0, beginning));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::device) throw;
    beginning.clear();
    unreadable = error;
  }
  // A volume whose beginning is gone is known by its end.
  if (!looks_like_parcel(beginning) && !ends_with_recovery_data(volume.bytes)) {
    if (unreadable) throw *unreadable;
    return std::nullopt;
  }
  auto forwards = std::make_shared<Forwards>(volume.bytes, std::move(beginning));
  volume.source = [forwards](MutableByteView out) { return forwards->read(out); };
  return volume;
}

}  // namespace courier
