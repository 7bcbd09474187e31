// A file system that hands every call to another one: what stands between a test and the real one
// changes the calls that it is about, and no others.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"

namespace courier::test {

class ForwardingFileSystem : public FileSystem {
 public:
  explicit ForwardingFileSystem(FileSystem& real) : real_(real) {}

  Fd open(const std::string& path, int flags, mode_t mode) override {
    return real_.open(path, flags, mode);
  }
  Fd open_at(const Fd& dir, std::string_view path, int flags, mode_t mode) override {
    return real_.open_at(dir, path, flags, mode);
  }
  std::size_t read(const Fd& fd, MutableByteView out) override { return real_.read(fd, out); }
  std::size_t pread(const Fd& fd, MutableByteView out, std::uint64_t offset) override {
    return real_.pread(fd, out, offset);
  }
  void write(const Fd& fd, ByteView data) override { real_.write(fd, data); }
  void pwrite(const Fd& fd, ByteView data, std::uint64_t offset) override {
    real_.pwrite(fd, data, offset);
  }
  void truncate(const Fd& fd, std::uint64_t size) override { real_.truncate(fd, size); }
  void sync(const Fd& fd) override { real_.sync(fd); }
  void sync_file_system(const Fd& fd) override { real_.sync_file_system(fd); }
  void start_writeback(const Fd& fd) override { real_.start_writeback(fd); }
  void drop_cache(const Fd& fd) override { real_.drop_cache(fd); }
  struct stat stat(const Fd& fd) override {
    return real_.stat(fd);
  }
  std::optional<struct stat> stat_at(const Fd& dir, std::string_view path) override {
    return real_.stat_at(dir, path);
  }
  std::vector<DirEntry> list(const Fd& dir) override { return real_.list(dir); }
  void make_dir_at(const Fd& dir, std::string_view path, mode_t mode) override {
    real_.make_dir_at(dir, path, mode);
  }
  void symlink_at(const Fd& dir, std::string_view path, const std::string& target) override {
    real_.symlink_at(dir, path, target);
  }
  std::string read_link_at(const Fd& dir, std::string_view path) override {
    return real_.read_link_at(dir, path);
  }
  void link_at(const Fd& from_dir, std::string_view from, const Fd& to_dir,
               std::string_view to) override {
    real_.link_at(from_dir, from, to_dir, to);
  }
  bool rename_at(const Fd& from_dir, std::string_view from, const Fd& to_dir, std::string_view to,
                 unsigned flags) override {
    return real_.rename_at(from_dir, from, to_dir, to, flags);
  }
  void unlink_at(const Fd& dir, std::string_view path, bool is_dir) override {
    real_.unlink_at(dir, path, is_dir);
  }
  void set_mode(const Fd& fd, mode_t mode) override { real_.set_mode(fd, mode); }
  void set_owner(const Fd& fd, uid_t uid, gid_t gid) override { real_.set_owner(fd, uid, gid); }
  void set_mtime(const Fd& fd, std::int64_t seconds, std::uint32_t nanoseconds) override {
    real_.set_mtime(fd, seconds, nanoseconds);
  }
  void set_mtime_at(const Fd& dir, std::string_view path, std::int64_t seconds,
                    std::uint32_t nanoseconds) override {
    real_.set_mtime_at(dir, path, seconds, nanoseconds);
  }
  std::vector<std::pair<std::string, Bytes>> xattrs(const Fd& fd) override {
    return real_.xattrs(fd);
  }
  void set_xattr(const Fd& fd, const std::string& name, ByteView value) override {
    real_.set_xattr(fd, name, value);
  }
  bool reflink(const Fd& from, const Fd& to) override { return real_.reflink(from, to); }
  SpaceInfo space(const Fd& fd) override { return real_.space(fd); }

 protected:
  FileSystem& real_;
};

}  // namespace courier::test
