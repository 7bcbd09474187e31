#include "media/volume_bytes.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"

namespace courier {

VolumeBytes bytes_of_file(FileSystem& fs, Fd file) {
  return bytes_of_file(fs, std::make_shared<const Fd>(std::move(file)));
}

VolumeBytes bytes_of_file(FileSystem& fs, std::shared_ptr<const Fd> file) {
  VolumeBytes bytes;
  bytes.size = static_cast<std::uint64_t>(fs.stat(*file).st_size);
  bytes.read_at = [&fs, fd = std::move(file)](std::uint64_t offset, MutableByteView out) {
    std::size_t filled = 0;
    while (filled < out.size()) {
      try {
        const std::size_t n = fs.pread(*fd, out.subspan(filled), offset + filled);
        if (n == 0) break;
        filled += n;
      } catch (Error& error) {
        error.in(fmt::format("reading at byte {}", offset + filled));
        throw;
      }
    }
    return filled;
  };
  return bytes;
}

}  // namespace courier
