#include "base/byte_source.h"

#include <algorithm>

namespace courier {

ByteSource file_source(FileSystem& fs, const Fd& fd) {
  return [&fs, &fd](MutableByteView out) { return fs.read(fd, out); };
}

ByteSource memory_source(ByteView bytes) {
  return [bytes](MutableByteView out) mutable {
    const std::size_t size = std::min(out.size(), bytes.size());
    std::copy_n(bytes.begin(), size, out.begin());
    bytes = bytes.subspan(size);
    return size;
  };
}

}  // namespace courier
