// A file system that fails when it is told to: at the Nth call, when it is full, when a medium is
// pulled out while it is read, or by giving back other bytes than were written.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"

namespace courier::test {

class FaultyFileSystem final : public FileSystem {
 public:
  explicit FaultyFileSystem(FileSystem& real) : real_(real) {}

  // The Nth call from now (the first is 1) fails with this errno; a write that fails has written
  // its first half. With `stays`, every later call fails too, as after a crash.
  void fail_at(std::uint64_t nth, int errno_value, bool stays = false);
  // No call fails from here on.
  void heal();
  // Only these calls count for fail_at, and with `stays` only they fail: the calls that need room
  // on a full disk. A call of open or open_at that may make a file is "create".
  void fail_only(std::set<std::string> calls) { only_ = std::move(calls); }
  // The call that fail_at made fail, such as "sync"; empty when none was.
  const std::string& failed_call() const { return failed_call_; }
  // Every read gives back half of what there is, but never nothing.
  void read_short() { short_reads_ = true; }
  // After so many bytes more, writes fail with ENOSPC.
  void fill_after(std::uint64_t bytes) { room_ = bytes; }
  // Reads of files whose path holds `part` fail with this errno from this byte on.
  void fail_reads(std::string part, std::uint64_t from_byte, int errno_value);
  // Reads of files whose path holds `part` have one bit of this byte flipped.
  void flip_on_read(std::string part, std::uint64_t byte);
  // Renames that exchange, or that must not replace, are not known here, as on FAT or NFS.
  void pretend_plain_renames() { plain_renames_ = true; }
  // Called before each call with its name and path; not while another call is being counted.
  void before_each(std::function<void(const std::string& call, const std::string& path)> hook) {
    hook_ = std::move(hook);
  }
  // What space() says.
  void pretend_space(SpaceInfo space) { space_ = space; }

  std::uint64_t calls() const { return calls_; }
  std::uint64_t bytes_read() const { return bytes_read_; }
  // The calls' names, in order: "open_at", "create", "write", ...
  const std::vector<std::string>& log() const { return log_; }

  Fd open(const std::string& path, int flags, mode_t mode = 0600) override;
  Fd open_at(const Fd& dir, std::string_view path, int flags, mode_t mode = 0600) override;
  std::size_t read(const Fd& fd, MutableByteView out) override;
  std::size_t pread(const Fd& fd, MutableByteView out, std::uint64_t offset) override;
  void write(const Fd& fd, ByteView data) override;
  void pwrite(const Fd& fd, ByteView data, std::uint64_t offset) override;
  void truncate(const Fd& fd, std::uint64_t size) override;
  void sync(const Fd& fd) override;
  void sync_file_system(const Fd& fd) override;
  void start_writeback(const Fd& fd) override { real_.start_writeback(fd); }
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
                 unsigned flags = 0) override;
  void unlink_at(const Fd& dir, std::string_view path, bool is_dir = false) override;
  void set_mode(const Fd& fd, mode_t mode) override;
  void set_owner(const Fd& fd, uid_t uid, gid_t gid) override;
  void set_mtime(const Fd& fd, std::int64_t seconds, std::uint32_t nanoseconds) override;
  void set_mtime_at(const Fd& dir, std::string_view path, std::int64_t seconds,
                    std::uint32_t nanoseconds) override;
  std::vector<std::pair<std::string, Bytes>> xattrs(const Fd& fd) override;
  void set_xattr(const Fd& fd, const std::string& name, ByteView value) override;
  bool reflink(const Fd& from, const Fd& to) override;
  SpaceInfo space(const Fd& fd) override;

 private:
  bool plain_renames_ = false;
  struct ReadFault {
    std::string part;
    std::uint64_t byte;
    int errno_value;  // 0: flip a bit
  };

  // Counts the call; the errno with which it is to fail, or 0.
  int enter(const char* call);
  MutableByteView shortened(MutableByteView out) const;
  // The same, and throws.
  void enter(const char* call, const std::string& subject);
  // How much of a write goes through; throws afterwards what `fault` says.
  std::size_t allowed(std::size_t size, int& fault);
  void after_read(const Fd& fd, MutableByteView out, std::uint64_t offset);

  FileSystem& real_;
  std::mutex mutex_;  // the stages of a pipeline call from several threads
  std::uint64_t calls_ = 0, bytes_read_ = 0, fail_call_ = 0;
  int fault_ = 0;
  bool stays_ = false;
  std::optional<std::uint64_t> room_;
  std::optional<SpaceInfo> space_;
  std::vector<ReadFault> read_faults_;
  std::set<std::string> only_;
  std::string failed_call_;
  bool short_reads_ = false;
  std::vector<std::string> log_;
  std::function<void(const std::string&, const std::string&)> hook_;
};

// Makes every call of `attempt` fail once: the first call in the first run, the second in the
// second, until a run ends well. refused is given what it threw; after is called after each run.
void at_every_failing_call(FileSystem& real, int errno_value, bool stays,
                           const std::function<void(FileSystem&)>& attempt,
                           const std::function<void(const Error&)>& refused,
                           const std::function<void()>& after);

}  // namespace courier::test
