// A drive of false capacity: positions of one file beyond its true size are those from its
// beginning again, in writing and in reading, as sticks do that lie about their size.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/file_system.h"

namespace courier::test {

class WrappingFileSystem final : public FileSystem {
 public:
  WrappingFileSystem(FileSystem& real, std::string path, std::uint64_t true_size)
      : real_(real), path_(std::move(path)), size_(true_size) {}

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

  Fd open(const std::string& path, int flags, mode_t mode) override {
    return real_.open(path, flags, mode);
  }
  Fd open_at(const Fd& dir, std::string_view path, int flags, mode_t mode) override {
    return real_.open_at(dir, path, flags, mode);
  }
  std::size_t read(const Fd& fd, MutableByteView out) override { return real_.read(fd, out); }
  void write(const Fd& fd, ByteView data) override { real_.write(fd, data); }
  void truncate(const Fd& fd, std::uint64_t size) override { real_.truncate(fd, size); }
  void sync(const Fd& fd) override { real_.sync(fd); }
  void sync_file_system(const Fd& fd) override { real_.sync_file_system(fd); }
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

 private:
  FileSystem& real_;
  const std::string path_;
  const std::uint64_t size_;
};

}  // namespace courier::test
