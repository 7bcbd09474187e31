#include "base/durable.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/entropy.h"
#include "base/error.h"

namespace courier {

namespace {

constexpr std::string_view kTemporaryPrefix = ".tmp-";

[[noreturn]] void fail_too_large(const Fd& fd, std::uint64_t size, std::uint64_t max_size) {
  throw Error(ErrorCode::damaged, path_of(fd),
              fmt::format("has {} bytes or more where at most {} are allowed", size, max_size));
}

Bytes read_all(FileSystem& fs, const Fd& fd, std::uint64_t max_size) {
  const struct stat status = fs.stat(fd);
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::device, path_of(fd), "is no ordinary file");
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > max_size) fail_too_large(fd, size, max_size);
  // One byte more than it should have shows whether it has grown meanwhile.
  Bytes out(static_cast<std::size_t>(size) + 1);
  std::size_t filled = 0;
  while (const std::size_t n = fs.read(fd, std::span(out).subspan(filled))) {
    filled += n;
    if (filled == out.size()) {
      if (filled > max_size) fail_too_large(fd, filled, max_size);
      out.resize(static_cast<std::size_t>(std::min<std::uint64_t>(max_size, 2 * filled)) + 1);
    }
  }
  out.resize(filled);
  return out;
}

// Removes what is in the folder, not the folder.
void remove_content(FileSystem& fs, const Fd& dir) {
  for (const DirEntry& entry : fs.list(dir)) remove_tree(fs, dir, entry.name);
}

}  // namespace

Fd open_dir(FileSystem& fs, const std::string& path) {
  return fs.open(path, O_RDONLY | O_DIRECTORY);
}

Fd make_dirs(FileSystem& fs, const std::string& path, mode_t mode) {
  try {
    return open_dir(fs, path);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
  }
  std::string_view rest = path;
  while (rest.size() > 1 && rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t slash = rest.rfind('/');
  const std::string name(slash == std::string_view::npos ? rest : rest.substr(slash + 1));
  if (name.empty())
    return open_dir(fs, path);  // nothing above it: its own error says what is wrong
  const Fd parent = slash == std::string_view::npos ? open_dir(fs, ".")
                    : slash == 0                    ? open_dir(fs, "/")
                                 : make_dirs(fs, std::string(rest.substr(0, slash)), mode);
  try {
    fs.make_dir_at(parent, name, mode);
  } catch (const Error&) {
    // Another process may have made it first.
    const auto there = fs.stat_at(parent, name);
    if (!there || !S_ISDIR(there->st_mode)) throw;
  }
  fs.sync(parent);
  return fs.open_at(parent, name, O_RDONLY | O_DIRECTORY);
}

void write_durably(FileSystem& fs, const Fd& dir, const std::string& name, ByteView data,
                   Replace replace, mode_t mode) {
  DurableFile file(fs, dir, name, mode);
  file.write(data);
  file.commit(replace);
}

DurableFile::DurableFile(FileSystem& fs, const Fd& dir, std::string name, mode_t mode)
    : fs_(fs), dir_(dir), name_(std::move(name)), temporary_(new_temporary_name()) {
  if (name_.empty() || name_.find('/') != std::string::npos) {
    bug("a durable file is made in the folder it is given");
  }
  fd_ = fs_.open_at(dir_, temporary_, O_RDWR | O_CREAT | O_EXCL, mode);
}

DurableFile::~DurableFile() {
  if (committed_ || !fd_) return;
  try {
    fs_.unlink_at(dir_, temporary_);
  } catch (const Error&) {
    // It keeps its temporary name, which sweep_temporary removes.
  }
}

void DurableFile::write(ByteView data) {
  fs_.write(fd_, data);
  behind_.wrote(fs_, fd_, data.size());
  size_ += data.size();
}

void DurableFile::commit(Replace replace) {
  fs_.sync(fd_);
  if (replace == Replace::always) {
    fs_.rename_at(dir_, temporary_, dir_, name_, 0);
  } else {
    // Where the file system has no such rename (exFAT), a look at the name must do: only the holder
    // of the home's lock, or the person at the drive, writes there.
    bool renamed = false, taken = false;
    try {
      renamed = fs_.rename_at(dir_, temporary_, dir_, name_, RENAME_NOREPLACE);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_allowed) throw;
      taken = true;
    }
    if (taken || (!renamed && fs_.stat_at(dir_, name_))) {
      throw Error(ErrorCode::not_allowed, path_of(dir_, name_), "exists already")
          .with_hint("nothing is ever overwritten: move it away or choose another place");
    }
    if (!renamed) fs_.rename_at(dir_, temporary_, dir_, name_, 0);
  }
  committed_ = true;
  fs_.sync(dir_);
}

std::string new_temporary_name() {
  std::array<std::uint8_t, 12> random;
  SystemEntropy().fill(random);
  return std::string(kTemporaryPrefix) + to_hex(random);
}

bool is_temporary_name(std::string_view name) { return name.starts_with(kTemporaryPrefix); }

std::size_t sweep_temporary(FileSystem& fs, const Fd& dir) {
  std::size_t removed = 0;
  for (const DirEntry& entry : fs.list(dir)) {
    if (entry.type != DT_REG || !is_temporary_name(entry.name)) continue;
    fs.unlink_at(dir, entry.name);
    ++removed;
  }
  return removed;
}

// O_NONBLOCK: a named pipe in the place of a file must not hold us up.
Bytes read_file(FileSystem& fs, const Fd& dir, std::string_view path, std::uint64_t max_size) {
  return read_all(fs, fs.open_at(dir, path, O_RDONLY | O_NONBLOCK), max_size);
}

Bytes read_file(FileSystem& fs, const std::string& path, std::uint64_t max_size) {
  return read_all(fs, fs.open(path, O_RDONLY | O_NONBLOCK), max_size);
}

void remove_tree(FileSystem& fs, const Fd& dir, std::string_view path) {
  const auto status = fs.stat_at(dir, path);
  if (!status) return;
  if (!S_ISDIR(status->st_mode)) return fs.unlink_at(dir, path);
  {
    const Fd folder = fs.open_at(dir, path, O_RDONLY | O_DIRECTORY);
    // A folder whose own mode forbids it to be emptied (a package may hold such ones).
    if ((status->st_mode & S_IRWXU) != S_IRWXU) fs.set_mode(folder, S_IRWXU);
    remove_content(fs, folder);
  }
  fs.unlink_at(dir, path, true);
}

}  // namespace courier
