// A medium with sectors that cannot be read: every read that touches one fails (EIO).
#pragma once

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "tests/support/forwarding_file_system.h"

namespace courier::test {

class BadSectors final : public ForwardingFileSystem {
 public:
  // Of files whose path ends with `name`.
  BadSectors(FileSystem& real, std::string name)
      : ForwardingFileSystem(real), name_(std::move(name)) {}
  void clear() { bad_.clear(); }
  void add(std::uint64_t first, std::uint64_t size) { bad_.emplace_back(first, first + size); }

  std::size_t pread(const Fd& fd, MutableByteView out, std::uint64_t offset) override {
    if (path_of(fd).ends_with(name_)) {
      for (const auto& [first, end] : bad_) {
        if (offset < end && offset + out.size() > first) {
          throw system_error(EIO, path_of(fd), "cannot read it");
        }
      }
    }
    return real_.pread(fd, out, offset);
  }

 private:
  const std::string name_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> bad_;
};

}  // namespace courier::test
