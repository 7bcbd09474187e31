#include "base/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/error.h"

namespace courier {

namespace {

// Of one write to a file. For a larger one the kernel takes its memory in larger pieces, which on
// virtual machines was seen to take three times as long as the write: the host had to give it first.
constexpr std::size_t kPiece = 256u << 10;

// Paths go to the kernel as C strings: what holds a NUL would name something else there.
std::string c_path(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) {
    throw Error(ErrorCode::usage, "path '" + escaped(path.substr(0, 300)) + "'",
                path.empty() ? "is empty" : "holds a NUL byte");
  }
  return std::string(path);
}

// Calls until it is not interrupted.
template <typename Call>
auto retried(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

[[noreturn]] void fail(const Fd& fd, std::string what) {
  const int fault = errno;
  throw system_error(fault, path_of(fd), std::move(what));
}
[[noreturn]] void fail(const Fd& dir, std::string_view name, std::string what) {
  const int fault = errno;
  throw system_error(fault, path_of(dir, name), std::move(what));
}

int open_beneath(int dir, const std::string& path, int flags, mode_t mode) {
  struct open_how how {};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  // openat2 refuses a mode where nothing is made. O_TMPFILE holds the bit of O_DIRECTORY.
  const bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  how.mode = makes ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: something was renamed on the way meanwhile.
  constexpr int kTries = 100;
  for (int i = 0;; ++i) {
    const auto fd =
        retried([&] { return syscall(SYS_openat2, dir, path.c_str(), &how, sizeof how); });
    if (fd >= 0 || errno != EAGAIN || i == kTries) return static_cast<int>(fd);
  }
}

[[noreturn]] void fail_open(const Fd& dir, std::string_view path, std::string what) {
  if (errno == ENOSYS) {
    throw Error(ErrorCode::device, path_of(dir, path),
                "cannot be opened safely: this kernel has no openat2")
        .with_hint("run courier on Linux 5.6 or newer");
  }
  fail(dir, path, std::move(what));
}

// The folder that holds the last part of a path, opened beneath dir, and that part.
struct Place {
  Fd opened;  // when the path has more than one part
  int dir = -1;
  std::string name;
};

// nullopt when a folder on the way does not exist.
std::optional<Place> try_place(const Fd& dir, std::string_view path) {
  Place place;
  const std::string whole = c_path(path);
  const std::size_t slash = whole.rfind('/');
  place.name = slash == std::string::npos ? whole : whole.substr(slash + 1);
  if (place.name.empty() || place.name == "." || place.name == "..") {
    throw Error(ErrorCode::usage, "path '" + escaped(path) + "'", "does not end in a name");
  }
  if (slash == std::string::npos) {
    place.dir = dir.get();
    return place;
  }
  place.opened = Fd(open_beneath(dir.get(), whole.substr(0, slash), O_PATH | O_DIRECTORY, 0));
  if (!place.opened) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    fail_open(dir, path, "cannot reach it");
  }
  place.dir = place.opened.get();
  return place;
}

Place place_of(const Fd& dir, std::string_view path) {
  auto place = try_place(dir, path);
  if (!place) fail(dir, path, "cannot reach it");
  return std::move(*place);
}

// The times for utimensat: the access time stays.
std::array<struct timespec, 2> mtime_only(std::int64_t seconds, std::uint32_t nanoseconds) {
  std::array<struct timespec, 2> times{};
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = seconds;
  times[1].tv_nsec = nanoseconds;
  return times;
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

Fd::~Fd() { close(); }

void Fd::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string path_of(const Fd& fd) {
  const std::string link = "/proc/self/fd/" + std::to_string(fd.get());
  std::array<char, 4096> target;
  const ssize_t n = ::readlink(link.c_str(), target.data(), target.size());
  return n > 0 ? escaped({target.data(), static_cast<std::size_t>(n)}) : "open file";
}

std::string path_of(const Fd& dir, std::string_view name) {
  const std::string folder = path_of(dir);
  return folder + (folder.ends_with('/') ? "" : "/") + escaped(name);
}

std::string absolute_path(const std::string& path) {
  std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal();
  if (!whole.has_filename() && whole.has_relative_path()) whole = whole.parent_path();
  return whole.string();
}

Fd PosixFileSystem::open(const std::string& path, int flags, mode_t mode) {
  const std::string raw = c_path(path);
  Fd fd(retried([&] { return ::open(raw.c_str(), flags | O_CLOEXEC, mode); }));
  if (const int fault = errno; !fd) throw system_error(fault, escaped(path), "cannot open it");
  return fd;
}

Fd PosixFileSystem::open_at(const Fd& dir, std::string_view path, int flags, mode_t mode) {
  Fd fd(open_beneath(dir.get(), c_path(path), flags, mode));
  if (!fd) fail_open(dir, path, (flags & O_CREAT) != 0 ? "cannot create it" : "cannot open it");
  return fd;
}

std::size_t PosixFileSystem::read(const Fd& fd, MutableByteView out) {
  const auto n = retried([&] { return ::read(fd.get(), out.data(), out.size()); });
  if (n < 0) fail(fd, "cannot read it");
  return static_cast<std::size_t>(n);
}

std::size_t PosixFileSystem::pread(const Fd& fd, MutableByteView out, std::uint64_t offset) {
  const auto at = static_cast<off_t>(offset);
  const auto n = retried([&] { return ::pread(fd.get(), out.data(), out.size(), at); });
  if (n < 0) fail(fd, "cannot read it");
  return static_cast<std::size_t>(n);
}

void PosixFileSystem::write(const Fd& fd, ByteView data) {
  while (!data.empty()) {
    const ByteView piece = data.first(std::min(kPiece, data.size()));
    const auto n = retried([&] { return ::write(fd.get(), piece.data(), piece.size()); });
    if (n == 0) errno = EIO;
    if (n <= 0) fail(fd, "cannot write it");
    data = data.subspan(static_cast<std::size_t>(n));
  }
}

void PosixFileSystem::pwrite(const Fd& fd, ByteView data, std::uint64_t offset) {
  while (!data.empty()) {
    const auto at = static_cast<off_t>(offset);
    const auto n = retried([&] { return ::pwrite(fd.get(), data.data(), data.size(), at); });
    if (n == 0) errno = EIO;
    if (n <= 0) fail(fd, "cannot write it");
    data = data.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

void PosixFileSystem::truncate(const Fd& fd, std::uint64_t size) {
  if (retried([&] { return ::ftruncate(fd.get(), static_cast<off_t>(size)); }) < 0) {
    fail(fd, "cannot set its size");
  }
}

void PosixFileSystem::sync(const Fd& fd) {
  if (retried([&] { return ::fsync(fd.get()); }) == 0) return;
  // Some file systems in user space know no fsync of a folder; then all of it is synced.
  if (errno == EINVAL || errno == ENOSYS) return sync_file_system(fd);
  fail(fd, "cannot make it durable");
}

void PosixFileSystem::sync_file_system(const Fd& fd) {
  if (retried([&] { return ::syncfs(fd.get()); }) < 0) fail(fd, "cannot make it durable");
}

void PosixFileSystem::start_writeback(const Fd& fd) {
  ::sync_file_range(fd.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
}

void PosixFileSystem::drop_cache(const Fd& fd) {
  // Advice only: where the kernel does not take it, nothing is lost but the proof's strength.
  ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
}

struct stat PosixFileSystem::stat(const Fd& fd) {
  struct stat result {};
  if (::fstat(fd.get(), &result) < 0) fail(fd, "cannot look at it");
  return result;
}

std::optional<struct stat> PosixFileSystem::stat_at(const Fd& dir, std::string_view path) {
  const auto place = try_place(dir, path);
  if (!place) return std::nullopt;
  struct stat result {};
  if (::fstatat(place->dir, place->name.c_str(), &result, AT_SYMLINK_NOFOLLOW) == 0) return result;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  fail(dir, path, "cannot look at it");
}

std::vector<DirEntry> PosixFileSystem::list(const Fd& dir) {
  // A descriptor of its own: the position in the folder belongs to the open file.
  Fd own(retried([&] { return ::openat(dir.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!own) fail(dir, "cannot list it");
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own.get()), ::closedir);
  if (!stream) fail(dir, "cannot list it");
  own.release();

  std::vector<DirEntry> entries;
  for (;;) {
    errno = 0;
    const struct dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      if (errno != 0) fail(dir, "cannot list it");
      break;
    }
    DirEntry out{entry->d_name, entry->d_type};
    if (out.name == "." || out.name == "..") continue;
    struct stat status {};
    if (out.type == DT_UNKNOWN &&
        ::fstatat(dir.get(), out.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
      out.type = static_cast<unsigned char>(IFTODT(status.st_mode));
    }
    entries.push_back(std::move(out));
  }
  std::ranges::sort(entries, {}, &DirEntry::name);
  return entries;
}

void PosixFileSystem::make_dir_at(const Fd& dir, std::string_view path, mode_t mode) {
  const Place place = place_of(dir, path);
  if (::mkdirat(place.dir, place.name.c_str(), mode) < 0) fail(dir, path, "cannot make the folder");
}

void PosixFileSystem::symlink_at(const Fd& dir, std::string_view path, const std::string& target) {
  const Place place = place_of(dir, path);
  if (::symlinkat(c_path(target).c_str(), place.dir, place.name.c_str()) < 0) {
    fail(dir, path, "cannot make the link");
  }
}

std::string PosixFileSystem::read_link_at(const Fd& dir, std::string_view path) {
  const Place place = place_of(dir, path);
  std::string target(256, '\0');
  for (;;) {
    const ssize_t n = ::readlinkat(place.dir, place.name.c_str(), target.data(), target.size());
    if (n < 0) fail(dir, path, "cannot read the link");
    if (static_cast<std::size_t>(n) < target.size()) {
      target.resize(static_cast<std::size_t>(n));
      return target;
    }
    target.resize(target.size() * 2);
  }
}

void PosixFileSystem::link_at(const Fd& from_dir, std::string_view from, const Fd& to_dir,
                              std::string_view to) {
  const Place source = place_of(from_dir, from), target = place_of(to_dir, to);
  if (::linkat(source.dir, source.name.c_str(), target.dir, target.name.c_str(), 0) < 0) {
    fail(to_dir, to, "cannot link it");
  }
}

bool PosixFileSystem::rename_at(const Fd& from_dir, std::string_view from, const Fd& to_dir,
                                std::string_view to, unsigned flags) {
  const Place source = place_of(from_dir, from), target = place_of(to_dir, to);
  if (::renameat2(source.dir, source.name.c_str(), target.dir, target.name.c_str(), flags) == 0) {
    return true;
  }
  if (flags != 0 && (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) return false;
  fail(to_dir, to, "cannot rename to it");
}

void PosixFileSystem::unlink_at(const Fd& dir, std::string_view path, bool is_dir) {
  const Place place = place_of(dir, path);
  if (::unlinkat(place.dir, place.name.c_str(), is_dir ? AT_REMOVEDIR : 0) < 0) {
    fail(dir, path, "cannot remove it");
  }
}

void PosixFileSystem::set_mode(const Fd& fd, mode_t mode) {
  if (::fchmod(fd.get(), mode) < 0) fail(fd, "cannot set its mode");
}

void PosixFileSystem::set_owner(const Fd& fd, uid_t uid, gid_t gid) {
  if (::fchown(fd.get(), uid, gid) < 0) fail(fd, "cannot set its owner");
}

void PosixFileSystem::set_mtime(const Fd& fd, std::int64_t seconds, std::uint32_t nanoseconds) {
  if (::futimens(fd.get(), mtime_only(seconds, nanoseconds).data()) < 0) {
    fail(fd, "cannot set its time");
  }
}

void PosixFileSystem::set_mtime_at(const Fd& dir, std::string_view path, std::int64_t seconds,
                                   std::uint32_t nanoseconds) {
  const Place place = place_of(dir, path);
  const auto times = mtime_only(seconds, nanoseconds);
  if (::utimensat(place.dir, place.name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) < 0) {
    fail(dir, path, "cannot set its time");
  }
}

std::vector<std::pair<std::string, Bytes>> PosixFileSystem::xattrs(const Fd& fd) {
  constexpr std::size_t kMax = 65536;  // the kernel's limit for a list and for a value
  std::string names(kMax, '\0');
  const ssize_t size = ::flistxattr(fd.get(), names.data(), names.size());
  if (size < 0) {
    if (errno == ENOTSUP || errno == ENOSYS) return {};
    fail(fd, "cannot list its attributes");
  }
  names.resize(static_cast<std::size_t>(size));
  std::vector<std::pair<std::string, Bytes>> out;
  Bytes value(kMax);
  for (std::size_t at = 0; at < names.size();) {
    const std::string name = names.c_str() + at;
    at += name.size() + 1;
    if (!name.starts_with("user.")) continue;
    const ssize_t n = ::fgetxattr(fd.get(), name.c_str(), value.data(), value.size());
    if (n < 0 && errno == ENODATA) continue;  // removed meanwhile
    if (n < 0) fail(fd, "cannot read its attribute " + escaped(name));
    out.emplace_back(name, Bytes(value.begin(), value.begin() + n));
  }
  std::ranges::sort(out);
  return out;
}

void PosixFileSystem::set_xattr(const Fd& fd, const std::string& name, ByteView value) {
  if (::fsetxattr(fd.get(), c_path(name).c_str(), value.data(), value.size(), 0) < 0) {
    fail(fd, "cannot set its attribute " + escaped(name));
  }
}

bool PosixFileSystem::reflink(const Fd& from, const Fd& to) {
  if (::ioctl(to.get(), FICLONE, from.get()) == 0) return true;
  if (errno == ENOSPC || errno == EDQUOT || errno == EIO) fail(to, "cannot share the content");
  return false;
}

SpaceInfo PosixFileSystem::space(const Fd& fd) {
  struct statvfs info {};
  if (retried([&] { return ::fstatvfs(fd.get(), &info); }) < 0)
    fail(fd, "cannot ask for its space");
  return {std::uint64_t{info.f_bavail} * info.f_frsize,
          std::uint64_t{info.f_blocks} * info.f_frsize, (info.f_flag & ST_RDONLY) != 0};
}

}  // namespace courier
