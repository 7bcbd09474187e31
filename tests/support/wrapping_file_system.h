// A drive of false capacity: positions of one file beyond its true size are those from its
// beginning again, in writing and in reading, as sticks do that lie about their size.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "tests/support/forwarding_file_system.h"

namespace courier::test {

class WrappingFileSystem final : public ForwardingFileSystem {
 public:
  WrappingFileSystem(FileSystem& real, std::string path, std::uint64_t true_size)
      : ForwardingFileSystem(real), path_(std::move(path)), size_(true_size) {}

  std::size_t pread(const Fd& fd, MutableByteView out, std::uint64_t offset) override {
    if (path_of(fd) != path_) return real_.pread(fd, out, offset);
    const std::uint64_t at = offset % size_;
    return real_.pread(fd, out.first(std::min<std::uint64_t>(out.size(), size_ - at)), at);
  }
  void pwrite(const Fd& fd, ByteView data, std::uint64_t offset) override {
    while (path_of(fd) == path_ && !data.empty()) {
      const std::uint64_t at = offset % size_;
      const ByteView part = data.first(std::min<std::uint64_t>(data.size(), size_ - at));
      real_.pwrite(fd, part, at);
      data = data.subspan(part.size());
      offset += part.size();
    }
    if (!data.empty()) real_.pwrite(fd, data, offset);
  }

 private:
  const std::string path_;
  const std::uint64_t size_;
};

}  // namespace courier::test
