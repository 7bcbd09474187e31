// A file system that fails at the Nth call that changes something, and at every one after it, as a
// machine without power does. What was done before stays, so a test opens the folder again with the
// real one and looks. Counting without failing tells how many calls there are.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <limits>
#include <string>

#include "base/error.h"
#include "base/file_system.h"

namespace courier::test {

class FailingFileSystem final : public FileSystem {
 public:
  // The call with this number (from 1) and all after it fail with errno_value.
  explicit FailingFileSystem(std::size_t fail_at = std::numeric_limits<std::size_t>::max(),
                             int errno_value = EIO)
      : fail_at_(fail_at), errno_value_(errno_value) {}

  std::size_t calls() const { return calls_; }
  bool has_failed() const { return calls_ >= fail_at_; }

  Fd open(const std::string& path, int flags, mode_t mode) override {
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0) step("open");
    return real_.open(path, flags, mode);
  }
  Fd open_at(const Fd& dir, std::string_view path, int flags, mode_t mode) override {
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0) step("open_at");
    return real_.open_at(dir, path, flags, mode);
  }
  std::size_t read(const Fd& fd, MutableByteView out) override { return real_.read(fd, out); }
  std::size_t pread(const Fd& fd, MutableByteView out, std::uint64_t offset) override {
    return real_.pread(fd, out, offset);
  }
  void write(const Fd& fd, ByteView data) override {
    step("write");
    real_.write(fd, data);
  }
  void pwrite(const Fd& fd, ByteView data, std::uint64_t offset) override {
    step("pwrite");
    real_.pwrite(fd, data, offset);
  }
  void truncate(const Fd& fd, std::uint64_t size) override {
    step("truncate");
    real_.truncate(fd, size);
  }
  void sync(const Fd& fd) override {
    step("sync");
    real_.sync(fd);
  }
  void sync_file_system(const Fd& fd) override {
    step("sync_file_system");
    real_.sync_file_system(fd);
  }
  void drop_cache(const Fd& fd) override { real_.drop_cache(fd); }
  struct stat stat(const Fd& fd) override {
    return real_.stat(fd);
  }
  std::optional<struct stat> stat_at(const Fd& dir, std::string_view path) override {
    return real_.stat_at(dir, path);
  }
  std::vector<DirEntry> list(const Fd& dir) override { return real_.list(dir); }
  void make_dir_at(const Fd& dir, std::string_view path, mode_t mode) override {
    step("make_dir_at");
    real_.make_dir_at(dir, path, mode);
  }
  void symlink_at(const Fd& dir, std::string_view path, const std::string& target) override {
    step("symlink_at");
    real_.symlink_at(dir, path, target);
  }
  std::string read_link_at(const Fd& dir, std::string_view path) override {
    return real_.read_link_at(dir, path);
  }
  void link_at(const Fd& from_dir, std::string_view from, const Fd& to_dir,
               std::string_view to) override {
    step("link_at");
    real_.link_at(from_dir, from, to_dir, to);
  }
  bool rename_at(const Fd& from_dir, std::string_view from, const Fd& to_dir, std::string_view to,
                 unsigned flags) override {
    step("rename_at");
    return real_.rename_at(from_dir, from, to_dir, to, flags);
  }
  void unlink_at(const Fd& dir, std::string_view path, bool is_dir) override {
    step("unlink_at");
    real_.unlink_at(dir, path, is_dir);
  }
  void set_mode(const Fd& fd, mode_t mode) override {
    step("set_mode");
    real_.set_mode(fd, mode);
  }
  void set_owner(const Fd& fd, uid_t uid, gid_t gid) override {
    step("set_owner");
    real_.set_owner(fd, uid, gid);
  }
  void set_mtime(const Fd& fd, std::int64_t seconds, std::uint32_t nanoseconds) override {
    step("set_mtime");
    real_.set_mtime(fd, seconds, nanoseconds);
  }
  void set_mtime_at(const Fd& dir, std::string_view path, std::int64_t seconds,
                    std::uint32_t nanoseconds) override {
    step("set_mtime_at");
    real_.set_mtime_at(dir, path, seconds, nanoseconds);
  }
  std::vector<std::pair<std::string, Bytes>> xattrs(const Fd& fd) override {
    return real_.xattrs(fd);
  }
  void set_xattr(const Fd& fd, const std::string& name, ByteView value) override {
    step("set_xattr");
    real_.set_xattr(fd, name, value);
  }
  bool reflink(const Fd& from, const Fd& to) override {
    step("reflink");
    return real_.reflink(from, to);
  }
  SpaceInfo space(const Fd& fd) override { return real_.space(fd); }

 private:
  void step(const char* what) {
    if (++calls_ >= fail_at_) {
      throw system_error(errno_value_, "call " + std::to_string(calls_), what);
    }
  }

  PosixFileSystem real_;
  std::size_t fail_at_;
  int errno_value_;
  std::size_t calls_ = 0;
};

}  // namespace courier::test
