#include "tests/support/crash_file_system.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <random>

#include "base/error.h"

namespace courier::test {
namespace {

std::pair<dev_t, ino_t> identity(const struct stat& status) {
  return {status.st_dev, status.st_ino};
}

Fd opened_again(const Fd& fd, int flags) {
  const std::string link = "/proc/self/fd/" + std::to_string(fd.get());
  Fd again(::open(link.c_str(), flags | O_CLOEXEC));
  if (!again) throw system_error(errno, path_of(fd), "the crash layer cannot open it again");
  return again;
}

Bytes content_of(FileSystem& fs, const Fd& fd) {
  const Fd own = opened_again(fd, O_RDONLY);
  Bytes content(static_cast<std::size_t>(fs.stat(own).st_size));
  std::size_t done = 0;
  while (done < content.size()) {
    const std::size_t n = fs.pread(own, MutableByteView(content).subspan(done), done);
    if (n == 0) break;
    done += n;
  }
  content.resize(done);
  return content;
}

}  // namespace

CrashFileSystem::CrashFileSystem(FileSystem& real, std::string root, const std::string& attic)
    : ForwardingFileSystem(real),
      root_(std::move(root)),
      attic_(real.open(attic, O_RDONLY | O_DIRECTORY)) {}

std::string CrashFileSystem::volume_of(const Fd& fd) const {
  const std::string path = path_of(fd);
  if (path.size() <= root_.size() || !path.starts_with(root_ + "/")) return "";
  const std::size_t begin = root_.size() + 1;
  return path.substr(begin, path.find('/', begin) - begin);
}

CrashFileSystem::Name CrashFileSystem::place(const Fd& dir, std::string_view path) {
  const std::size_t slash = path.rfind('/');
  Name name;
  name.dir = slash == std::string_view::npos
                 ? real_.open_at(dir, ".", O_PATH | O_DIRECTORY)
                 : real_.open_at(dir, path.substr(0, slash), O_PATH | O_DIRECTORY);
  name.folder = identity(real_.stat(name.dir));
  name.name = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
  return name;
}

std::optional<CrashFileSystem::Identity> CrashFileSystem::inode_of(const Name& name) const {
  struct stat status {};
  if (::fstatat(name.dir.get(), name.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return std::nullopt;
  }
  return identity(status);
}

// ------------------------------------------------------------------------------------- content

CrashFileSystem::File& CrashFileSystem::file_of(const Fd& fd) {
  const Identity id = identity(real_.stat(fd));
  const auto known = files_.find(id);
  if (known != files_.end()) return known->second;
  File file{opened_again(fd, O_RDWR), volume_of(fd), content_of(real_, fd), {}};
  return files_.emplace(id, std::move(file)).first->second;
}

void CrashFileSystem::write_at(const Fd& fd, ByteView data, std::uint64_t offset) {
  file_of(fd).changes.push_back({offset, Bytes(data.begin(), data.end())});
}

void CrashFileSystem::write(const Fd& fd, ByteView data) {
  const std::lock_guard lock(mutex_);
  if (S_ISREG(real_.stat(fd).st_mode)) {
    write_at(fd, data, static_cast<std::uint64_t>(::lseek(fd.get(), 0, SEEK_CUR)));
  }
  real_.write(fd, data);
}

void CrashFileSystem::pwrite(const Fd& fd, ByteView data, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  write_at(fd, data, offset);
  real_.pwrite(fd, data, offset);
}

void CrashFileSystem::truncate(const Fd& fd, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  file_of(fd).changes.push_back({.offset = 0, .data = {}, .size = size});
  real_.truncate(fd, size);
}

bool CrashFileSystem::reflink(const Fd& from, const Fd& to) {
  const std::lock_guard lock(mutex_);
  File& file = file_of(to);
  if (!real_.reflink(from, to)) return false;
  file.changes.push_back({0, content_of(real_, from)});
  return true;
}

void CrashFileSystem::sync(const Fd& fd) {
  const std::lock_guard lock(mutex_);
  const struct stat status = real_.stat(fd);
  real_.sync(fd);
  const Identity id = identity(status);
  if (S_ISDIR(status.st_mode)) {
    names_.remove_if([&](const NameChange& change) {
      return change.at.folder == id || (change.from && change.from->folder == id);
    });
  } else {
    files_.erase(id);
  }
}

void CrashFileSystem::sync_file_system(const Fd& fd) {
  const std::lock_guard lock(mutex_);
  const std::string volume = volume_of(fd);
  real_.sync_file_system(fd);
  std::erase_if(files_, [&](const auto& file) { return file.second.volume == volume; });
  names_.remove_if([&](const NameChange& change) { return change.volume == volume; });
}

// --------------------------------------------------------------------------------------- names

void CrashFileSystem::made(Name name, const std::string& volume) {
  NameChange change{.kind = Kind::made, .volume = volume, .at = std::move(name)};
  change.inode = inode_of(change.at);
  names_.push_back(std::move(change));
}

std::string CrashFileSystem::to_attic(const Name& name) {
  std::string kept = std::to_string(next_++);
  if (::renameat(name.dir.get(), name.name.c_str(), attic_.get(), kept.c_str()) != 0) {
    throw system_error(errno, path_of(name.dir, name.name), "the crash layer cannot keep it");
  }
  return kept;
}

void CrashFileSystem::from_attic(const std::string& kept, const Name& name) {
  if (inode_of(name)) return;  // a later change of the same name was durable
  if (::renameat(attic_.get(), kept.c_str(), name.dir.get(), name.name.c_str()) != 0 &&
      errno != ENOENT) {
    throw system_error(errno, path_of(name.dir, name.name), "the crash layer cannot bring it back");
  }
}

Fd CrashFileSystem::open(const std::string& path, int flags, mode_t mode) {
  if ((flags & O_CREAT) == 0) return real_.open(path, flags, mode);
  const std::filesystem::path whole = std::filesystem::absolute(path);
  const Fd dir = real_.open(whole.parent_path().string(), O_RDONLY | O_DIRECTORY);
  return open_at(dir, whole.filename().string(), flags, mode);
}

Fd CrashFileSystem::open_at(const Fd& dir, std::string_view path, int flags, mode_t mode) {
  const std::lock_guard lock(mutex_);
  if ((flags & O_CREAT) == 0) {
    Fd fd = real_.open_at(dir, path, flags & ~O_TRUNC, mode);
    if ((flags & O_TRUNC) != 0) truncate(fd, 0);
    return fd;
  }
  const bool there = real_.stat_at(dir, path).has_value();
  Fd fd = real_.open_at(dir, path, there ? flags & ~O_TRUNC : flags, mode);
  if (!there) {
    // Its durable content is nothing, until it is synced.
    if (S_ISREG(real_.stat(fd).st_mode)) file_of(fd);
    made(place(dir, path), volume_of(fd));
  } else if ((flags & O_TRUNC) != 0) {
    truncate(fd, 0);
  }
  return fd;
}

void CrashFileSystem::make_dir_at(const Fd& dir, std::string_view path, mode_t mode) {
  const std::lock_guard lock(mutex_);
  real_.make_dir_at(dir, path, mode);
  made(place(dir, path), volume_of(dir));
}

void CrashFileSystem::symlink_at(const Fd& dir, std::string_view path, const std::string& target) {
  const std::lock_guard lock(mutex_);
  real_.symlink_at(dir, path, target);
  made(place(dir, path), volume_of(dir));
}

void CrashFileSystem::link_at(const Fd& from_dir, std::string_view from, const Fd& to_dir,
                              std::string_view to) {
  const std::lock_guard lock(mutex_);
  real_.link_at(from_dir, from, to_dir, to);
  made(place(to_dir, to), volume_of(to_dir));
}

void CrashFileSystem::unlink_at(const Fd& dir, std::string_view path, bool is_dir) {
  const std::lock_guard lock(mutex_);
  const auto status = real_.stat_at(dir, path);
  // What cannot be removed fails as it does without this layer.
  const bool removable = status && S_ISDIR(status->st_mode) == is_dir &&
                         (!is_dir || real_.list(real_.open_at(dir, path, O_RDONLY)).empty());
  if (!removable) return real_.unlink_at(dir, path, is_dir);
  NameChange change{.kind = Kind::removed, .volume = volume_of(dir), .at = place(dir, path)};
  change.kept = to_attic(change.at);
  names_.push_back(std::move(change));
}

bool CrashFileSystem::rename_at(const Fd& from_dir, std::string_view from, const Fd& to_dir,
                                std::string_view to, unsigned flags) {
  const std::lock_guard lock(mutex_);
  NameChange change{.kind = (flags & RENAME_EXCHANGE) != 0 ? Kind::exchanged : Kind::renamed,
                    .volume = volume_of(to_dir),
                    .at = place(to_dir, to)};
  change.from = place(from_dir, from);
  const auto source = real_.stat_at(from_dir, from);
  const auto target = real_.stat_at(to_dir, to);
  const bool replaces = flags == 0 && source && target && !S_ISDIR(target->st_mode) &&
                        identity(*source) != identity(*target);
  if (replaces) change.kept = to_attic(change.at);
  try {
    if (!real_.rename_at(from_dir, from, to_dir, to, flags)) return false;
  } catch (const Error&) {
    if (change.kept) from_attic(*change.kept, change.at);
    throw;
  }
  names_.push_back(std::move(change));
  return true;
}

void CrashFileSystem::undo(const NameChange& change) {
  switch (change.kind) {
    case Kind::made:
      if (inode_of(change.at) == change.inode) static_cast<void>(to_attic(change.at));
      return;
    case Kind::removed:
      return from_attic(*change.kept, change.at);
    case Kind::renamed:
      ::renameat2(change.at.dir.get(), change.at.name.c_str(), change.from->dir.get(),
                  change.from->name.c_str(), RENAME_NOREPLACE);
      if (change.kept) from_attic(*change.kept, change.at);
      return;
    case Kind::exchanged:
      ::renameat2(change.at.dir.get(), change.at.name.c_str(), change.from->dir.get(),
                  change.from->name.c_str(), RENAME_EXCHANGE);
      return;
  }
}

void CrashFileSystem::power_cut(Cut cut, unsigned seed) {
  const std::lock_guard lock(mutex_);
  std::mt19937 coin(seed);
  for (auto& [id, file] : files_) {
    real_.truncate(file.fd, 0);
    real_.pwrite(file.fd, file.durable, 0);
    for (const Change& change : file.changes) {
      if (cut != Cut::tears || coin() % 2 == 0) continue;
      if (change.size) {
        real_.truncate(file.fd, *change.size);
      } else {
        real_.pwrite(file.fd, change.data, change.offset);
      }
    }
  }
  if (cut == Cut::forgets || (cut == Cut::tears && coin() % 2 == 0)) {
    for (auto change = names_.rbegin(); change != names_.rend(); ++change) undo(*change);
  }
  settle();
}

void CrashFileSystem::settle() {
  const std::lock_guard lock(mutex_);
  files_.clear();
  names_.clear();
  const std::string attic = "/proc/self/fd/" + std::to_string(attic_.get());
  std::error_code ignored;
  for (const DirEntry& entry : real_.list(attic_)) {
    std::filesystem::remove_all(attic + "/" + entry.name, ignored);
  }
}

}  // namespace courier::test
