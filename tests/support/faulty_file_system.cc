#include "tests/support/faulty_file_system.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"

namespace courier::test {

void FaultyFileSystem::fail_at(std::uint64_t nth, int errno_value, bool stays) {
  fail_call_ = calls_ + nth;
  failed_call_.clear();
  fault_ = errno_value;
  stays_ = stays;
}

void FaultyFileSystem::heal() {
  fail_call_ = 0;
  room_.reset();
  read_faults_.clear();
}

void FaultyFileSystem::fail_reads(std::string part, std::uint64_t from_byte, int errno_value) {
  read_faults_.push_back({std::move(part), from_byte, errno_value});
}

void FaultyFileSystem::flip_on_read(std::string part, std::uint64_t byte) {
  read_faults_.push_back({std::move(part), byte, 0});
}

int FaultyFileSystem::enter(const char* call) {
  std::lock_guard lock(mutex_);
  if (!only_.empty() && !only_.contains(call)) return 0;
  ++calls_;
  log_.emplace_back(call);
  if (fail_call_ == 0 || calls_ < fail_call_ || (calls_ > fail_call_ && !stays_)) return 0;
  if (calls_ == fail_call_) failed_call_ = call;
  return fault_;
}

void FaultyFileSystem::enter(const char* call, const std::string& subject) {
  if (hook_) hook_(call, subject);
  if (const int fault = enter(call))
    throw system_error(fault, subject, std::string(call) + " fails");
}

std::size_t FaultyFileSystem::allowed(std::size_t size, int& fault) {
  if (fault != 0) return size / 2;
  std::lock_guard lock(mutex_);
  if (!room_) return size;
  const auto through = static_cast<std::size_t>(std::min<std::uint64_t>(size, *room_));
  *room_ -= through;
  if (through < size) fault = ENOSPC;
  return through;
}

void FaultyFileSystem::after_read(const Fd& fd, MutableByteView out, std::uint64_t offset) {
  std::lock_guard lock(mutex_);
  bytes_read_ += out.size();
  for (const ReadFault& fault : read_faults_) {
    const std::string path = path_of(fd);
    if (path.find(fault.part) == std::string::npos) continue;
    if (fault.errno_value != 0 && offset + out.size() > fault.byte) {
      throw system_error(fault.errno_value, path, "cannot read it");
    }
    if (fault.errno_value == 0 && fault.byte >= offset && fault.byte < offset + out.size()) {
      out[static_cast<std::size_t>(fault.byte - offset)] ^= 1;
    }
  }
}

MutableByteView FaultyFileSystem::shortened(MutableByteView out) const {
  return short_reads_ && out.size() > 1 ? out.first(out.size() / 2) : out;
}

Fd FaultyFileSystem::open(const std::string& path, int flags, mode_t mode) {
  enter((flags & O_CREAT) != 0 ? "create" : "open", path);
  return real_.open(path, flags, mode);
}

Fd FaultyFileSystem::open_at(const Fd& dir, std::string_view path, int flags, mode_t mode) {
  enter((flags & O_CREAT) != 0 ? "create" : "open_at", path_of(dir, path));
  return real_.open_at(dir, path, flags, mode);
}

std::size_t FaultyFileSystem::read(const Fd& fd, MutableByteView out) {
  enter("read", path_of(fd));
  const auto offset = static_cast<std::uint64_t>(::lseek(fd.get(), 0, SEEK_CUR));
  const std::size_t n = real_.read(fd, shortened(out));
  after_read(fd, out.first(n), offset);
  return n;
}

std::size_t FaultyFileSystem::pread(const Fd& fd, MutableByteView out, std::uint64_t offset) {
  enter("pread", path_of(fd));
  const std::size_t n = real_.pread(fd, shortened(out), offset);
  after_read(fd, out.first(n), offset);
  return n;
}

void FaultyFileSystem::write(const Fd& fd, ByteView data) {
  int fault = enter("write");
  const std::size_t through = allowed(data.size(), fault);
  real_.write(fd, data.first(through));
  if (fault != 0) throw system_error(fault, path_of(fd), "write fails");
}

void FaultyFileSystem::pwrite(const Fd& fd, ByteView data, std::uint64_t offset) {
  int fault = enter("pwrite");
  const std::size_t through = allowed(data.size(), fault);
  real_.pwrite(fd, data.first(through), offset);
  if (fault != 0) throw system_error(fault, path_of(fd), "pwrite fails");
}

void FaultyFileSystem::truncate(const Fd& fd, std::uint64_t size) {
  enter("truncate", path_of(fd));
  real_.truncate(fd, size);
}

void FaultyFileSystem::sync(const Fd& fd) {
  enter("sync", path_of(fd));
  real_.sync(fd);
}

void FaultyFileSystem::sync_file_system(const Fd& fd) {
  enter("sync_file_system", path_of(fd));
  real_.sync_file_system(fd);
}

void FaultyFileSystem::drop_cache(const Fd& fd) {
  enter("drop_cache", path_of(fd));
  real_.drop_cache(fd);
}

struct stat FaultyFileSystem::stat(const Fd& fd) {
  enter("stat", path_of(fd));
  return real_.stat(fd);
}

std::optional<struct stat> FaultyFileSystem::stat_at(const Fd& dir, std::string_view path) {
  enter("stat_at", path_of(dir, path));
  return real_.stat_at(dir, path);
}

std::vector<DirEntry> FaultyFileSystem::list(const Fd& dir) {
  enter("list", path_of(dir));
  return real_.list(dir);
}

void FaultyFileSystem::make_dir_at(const Fd& dir, std::string_view path, mode_t mode) {
  enter("make_dir_at", path_of(dir, path));
  real_.make_dir_at(dir, path, mode);
}

void FaultyFileSystem::symlink_at(const Fd& dir, std::string_view path, const std::string& target) {
  enter("symlink_at", path_of(dir, path));
  real_.symlink_at(dir, path, target);
}

std::string FaultyFileSystem::read_link_at(const Fd& dir, std::string_view path) {
  enter("read_link_at", path_of(dir, path));
  return real_.read_link_at(dir, path);
}

void FaultyFileSystem::link_at(const Fd& from_dir, std::string_view from, const Fd& to_dir,
                               std::string_view to) {
  enter("link_at", path_of(to_dir, to));
  real_.link_at(from_dir, from, to_dir, to);
}

bool FaultyFileSystem::rename_at(const Fd& from_dir, std::string_view from, const Fd& to_dir,
                                 std::string_view to, unsigned flags) {
  enter("rename_at", path_of(to_dir, to));
  if (plain_renames_ && flags != 0) return false;
  return real_.rename_at(from_dir, from, to_dir, to, flags);
}

void FaultyFileSystem::unlink_at(const Fd& dir, std::string_view path, bool is_dir) {
  enter("unlink_at", path_of(dir, path));
  real_.unlink_at(dir, path, is_dir);
}

void FaultyFileSystem::set_mode(const Fd& fd, mode_t mode) {
  enter("set_mode", path_of(fd));
  real_.set_mode(fd, mode);
}

void FaultyFileSystem::set_owner(const Fd& fd, uid_t uid, gid_t gid) {
  enter("set_owner", path_of(fd));
  real_.set_owner(fd, uid, gid);
}

void FaultyFileSystem::set_mtime(const Fd& fd, std::int64_t seconds, std::uint32_t nanoseconds) {
  enter("set_mtime", path_of(fd));
  real_.set_mtime(fd, seconds, nanoseconds);
}

void FaultyFileSystem::set_mtime_at(const Fd& dir, std::string_view path, std::int64_t seconds,
                                    std::uint32_t nanoseconds) {
  enter("set_mtime_at", path_of(dir, path));
  real_.set_mtime_at(dir, path, seconds, nanoseconds);
}

std::vector<std::pair<std::string, Bytes>> FaultyFileSystem::xattrs(const Fd& fd) {
  enter("xattrs", path_of(fd));
  return real_.xattrs(fd);
}

void FaultyFileSystem::set_xattr(const Fd& fd, const std::string& name, ByteView value) {
  enter("set_xattr", path_of(fd));
  real_.set_xattr(fd, name, value);
}

bool FaultyFileSystem::reflink(const Fd& from, const Fd& to) {
  enter("reflink", path_of(to));
  return real_.reflink(from, to);
}

SpaceInfo FaultyFileSystem::space(const Fd& fd) {
  enter("space", path_of(fd));
  return space_ ? *space_ : real_.space(fd);
}

void at_every_failing_call(FileSystem& real, int errno_value, bool stays,
                           const std::function<void(FileSystem&)>& attempt,
                           const std::function<void(const Error&)>& refused,
                           const std::function<void()>& after) {
  bool succeeded = false;
  for (std::uint64_t nth = 1; !succeeded; ++nth) {
    FaultyFileSystem faulty(real);
    faulty.fail_at(nth, errno_value, stays);
    try {
      attempt(faulty);
      succeeded = true;
    } catch (const Error& error) {
      refused(error);
    }
    after();
  }
}

}  // namespace courier::test
