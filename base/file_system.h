// FileSystem: the seam through which every durable file and folder is reached. The fault tests wrap
// it to fail the Nth call.
//
// Descriptors are the kernel's; every call throws an Error (no_space, not_found, device, and
// not_allowed for what exists already or passes through a link) that names the path. Paths given to
// the *_at calls are single names or SafePaths beneath `dir`; each resolves beneath it and through
// no symlink on the way (openat2: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS),
// so Linux 5.6 or newer is needed. Every descriptor is closed on exec.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace courier {

// Owns a descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void close();  // ignores errors: what must be durable was synced before

 private:
  int fd_ = -1;
};

// The path a descriptor was opened by, escaped, for messages only.
std::string path_of(const Fd& fd);
// The same with a name beneath it.
std::string path_of(const Fd& dir, std::string_view name);
// The path from the root, without dots and without a slash at its end. Links are not followed.
std::string absolute_path(const std::string& path);

struct DirEntry {
  std::string name;    // raw bytes
  unsigned char type;  // DT_*
};

struct SpaceInfo {
  std::uint64_t free_bytes;  // for an ordinary user
  std::uint64_t total_bytes;
  bool read_only = false;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Opens a path given by the operator (links are followed as the kernel does).
  virtual Fd open(const std::string& path, int flags, mode_t mode = 0600) = 0;
  // Opens beneath `dir`; no link on the way, the last part included.
  virtual Fd open_at(const Fd& dir, std::string_view path, int flags, mode_t mode = 0600) = 0;
  // Reads up to out.size() bytes; 0 at the end.
  virtual std::size_t read(const Fd& fd, MutableByteView out) = 0;
  virtual std::size_t pread(const Fd& fd, MutableByteView out, std::uint64_t offset) = 0;
  virtual void write(const Fd& fd, ByteView data) = 0;  // all of it
  virtual void pwrite(const Fd& fd, ByteView data, std::uint64_t offset) = 0;
  virtual void truncate(const Fd& fd, std::uint64_t size) = 0;
  virtual void sync(const Fd& fd) = 0;              // fsync
  virtual void sync_file_system(const Fd& fd) = 0;  // syncfs
  // Has the kernel begin to write what is not on the device yet, so that sync() waits for little.
  // Advice: it says nothing and promises nothing.
  virtual void start_writeback(const Fd& fd) = 0;
  // Drops clean pages of [0, size) so that the next read comes from the device.
  virtual void drop_cache(const Fd& fd) = 0;
  virtual struct stat stat(const Fd& fd) = 0;
  // nullopt when it does not exist. Never follows a link.
  virtual std::optional<struct stat> stat_at(const Fd& dir, std::string_view path) = 0;
  virtual std::vector<DirEntry> list(const Fd& dir) = 0;  // sorted by bytes, without . and ..
  virtual void make_dir_at(const Fd& dir, std::string_view path, mode_t mode) = 0;
  virtual void symlink_at(const Fd& dir, std::string_view path, const std::string& target) = 0;
  virtual std::string read_link_at(const Fd& dir, std::string_view path) = 0;
  virtual void link_at(const Fd& from_dir, std::string_view from, const Fd& to_dir,
                       std::string_view to) = 0;
  // flags: 0, RENAME_NOREPLACE or RENAME_EXCHANGE. Returns false when the file system has no such
  // rename (EINVAL, ENOSYS).
  virtual bool rename_at(const Fd& from_dir, std::string_view from, const Fd& to_dir,
                         std::string_view to, unsigned flags = 0) = 0;
  virtual void unlink_at(const Fd& dir, std::string_view path, bool is_dir = false) = 0;
  virtual void set_mode(const Fd& fd, mode_t mode) = 0;
  virtual void set_owner(const Fd& fd, uid_t uid, gid_t gid) = 0;
  virtual void set_mtime(const Fd& fd, std::int64_t seconds, std::uint32_t nanoseconds) = 0;
  // Sets a link's own time.
  virtual void set_mtime_at(const Fd& dir, std::string_view path, std::int64_t seconds,
                            std::uint32_t nanoseconds) = 0;
  // user.* attributes only, sorted by name; empty when the file system has none.
  virtual std::vector<std::pair<std::string, Bytes>> xattrs(const Fd& fd) = 0;
  virtual void set_xattr(const Fd& fd, const std::string& name, ByteView value) = 0;
  // Shares the extents of `from` with the empty file `to`. False when the file system cannot.
  virtual bool reflink(const Fd& from, const Fd& to) = 0;
  virtual SpaceInfo space(const Fd& fd) = 0;
};

// The kernel's.
class PosixFileSystem final : public FileSystem {
 public:
  Fd open(const std::string& path, int flags, mode_t mode) override;
  Fd open_at(const Fd& dir, std::string_view path, int flags, mode_t mode) override;
  std::size_t read(const Fd& fd, MutableByteView out) override;
  std::size_t pread(const Fd& fd, MutableByteView out, std::uint64_t offset) override;
  void write(const Fd& fd, ByteView data) override;
  void pwrite(const Fd& fd, ByteView data, std::uint64_t offset) override;
  void truncate(const Fd& fd, std::uint64_t size) override;
  void sync(const Fd& fd) override;
  void sync_file_system(const Fd& fd) override;
  void start_writeback(const Fd& fd) override;
  void drop_cache(const Fd& fd) override;
  struct stat stat(const Fd& fd) override;
  std::optional<struct stat> stat_at(const Fd& dir, std::string_view path) override;
  std::vector<DirEntry> list(const Fd& dir) override;
  void make_dir_at(const Fd& dir, std::string_view path, mode_t mode) override;
  void symlink_at(const Fd& dir, std::string_view path, const std::string& target) override;
  std::string read_link_at(const Fd& dir, std::string_view path) override;
  void link_at(const Fd& from_dir, std::string_view from, const Fd& to_dir,
               std::string_view to) override;
  bool rename_at(const Fd& from_dir, std::string_view from, const Fd& to_dir, std::string_view to,
                 unsigned flags) override;
  void unlink_at(const Fd& dir, std::string_view path, bool is_dir) override;
  void set_mode(const Fd& fd, mode_t mode) override;
  void set_owner(const Fd& fd, uid_t uid, gid_t gid) override;
  void set_mtime(const Fd& fd, std::int64_t seconds, std::uint32_t nanoseconds) override;
  void set_mtime_at(const Fd& dir, std::string_view path, std::int64_t seconds,
                    std::uint32_t nanoseconds) override;
  std::vector<std::pair<std::string, Bytes>> xattrs(const Fd& fd) override;
  void set_xattr(const Fd& fd, const std::string& name, ByteView value) override;
  bool reflink(const Fd& from, const Fd& to) override;
  SpaceInfo space(const Fd& fd) override;
};

}  // namespace courier
