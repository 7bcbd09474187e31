#include "media/folder_medium.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/durable.h"
#include "base/safe_path.h"
#include "media/parcel_probe.h"
#include "media/proved_write.h"

namespace courier {

namespace {

constexpr int kDepth = 4;

// What room() keeps back: the last cluster, the folder's entry, the tables of a large file.
constexpr std::uint64_t kKeptBack = 64u << 10;
constexpr std::uint64_t kKeptPart = 4096;  // and one part in so many of what is free

// Reads one file forwards. The beginning, which the probe has read, is handed out from memory.
class FileStream {
 public:
  FileStream(FileSystem& fs, std::shared_ptr<const Fd> fd, Bytes beginning)
      : fs_(fs), fd_(std::move(fd)), beginning_(std::move(beginning)) {}

  std::size_t read(MutableByteView out) {
    if (offset_ < beginning_.size()) {
      const std::size_t n = std::min<std::size_t>(out.size(), beginning_.size() - offset_);
      std::copy_n(beginning_.begin() + static_cast<std::ptrdiff_t>(offset_), n, out.begin());
      offset_ += n;
      return n;
    }
    try {
      const std::size_t n = fs_.read(*fd_, out);
      offset_ += n;
      return n;
    } catch (Error& error) {
      if (error.code() == ErrorCode::device) {
        error.with_hint("clean the medium or try another drive, then run the same command");
      }
      error.in(fmt::format("reading at byte {}", offset_));
      throw;
    }
  }

 private:
  FileSystem& fs_;
  std::shared_ptr<const Fd> fd_;
  Bytes beginning_;
  std::uint64_t offset_ = 0;
};

// A file that begins like a parcel, or nullopt.
std::optional<OfferedVolume> probe(FileSystem& fs, Fd fd) {
  const struct stat status = fs.stat(fd);
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  Bytes beginning(kProbeSize);
  std::size_t filled = 0;
  while (filled < beginning.size()) {
    const std::size_t n = fs.read(fd, std::span(beginning).subspan(filled));
    if (n == 0) break;
    filled += n;
  }
  beginning.resize(filled);
  if (!begins_like_parcel(beginning)) return std::nullopt;
  OfferedVolume volume;
  volume.path = path_of(fd);
  volume.size = static_cast<std::uint64_t>(status.st_size);
  // Shared by the copies of the ByteSource, which is a std::function, and by the random access.
  const auto shared = std::make_shared<const Fd>(std::move(fd));
  auto stream = std::make_shared<FileStream>(fs, shared, std::move(beginning));
  volume.source = [stream](MutableByteView out) { return stream->read(out); };
  volume.bytes = bytes_of_file(fs, shared);
  return volume;
}

class FolderScan {
 public:
  FolderScan(FileSystem& fs, const std::function<void(OfferedVolume&&)>& each)
      : fs_(fs), each_(each) {}

  void walk(const Fd& dir, int depth) { walk(dir, entries_of(dir), depth); }

  ScanResult result;

 private:
  // What is in a folder; nothing when it was here already: a folder mounted into itself comes by
  // again.
  std::vector<DirEntry> entries_of(const Fd& dir) {
    const struct stat status = fs_.stat(dir);
    if (!seen_.emplace(status.st_dev, status.st_ino).second) return {};
    return fs_.list(dir);
  }

  void walk(const Fd& dir, const std::vector<DirEntry>& entries, int depth) {
    for (const DirEntry& entry : entries) {
      if (entry.name.starts_with('.')) continue;
      if (entry.type == DT_REG || entry.type == DT_UNKNOWN) look_at(dir, entry.name);
      if (entry.type == DT_DIR && depth < kDepth) descend(dir, entry.name, depth + 1);
    }
  }

  void look_at(const Fd& dir, const std::string& name) {
    std::optional<OfferedVolume> volume;
    try {
      volume = probe(fs_, fs_.open_at(dir, name, O_RDONLY | O_NONBLOCK));
    } catch (const Error& error) {
      result.unreadable.push_back(error);
      return;
    }
    if (!volume) return;
    ++result.found;
    each_(std::move(*volume));
  }

  void descend(const Fd& dir, const std::string& name, int depth) {
    Fd folder;
    std::vector<DirEntry> entries;
    try {
      folder = fs_.open_at(dir, name, O_RDONLY | O_DIRECTORY);
      entries = entries_of(folder);
    } catch (const Error& error) {
      result.unreadable.push_back(error);
      return;
    }
    walk(folder, entries, depth);
  }

  FileSystem& fs_;
  const std::function<void(OfferedVolume&&)>& each_;
  std::set<std::pair<dev_t, ino_t>> seen_;
};

// Removes what killed copies left: temporary files whose writer no longer holds its lock.
void sweep_abandoned(FileSystem& fs, const Fd& dir) {
  for (const DirEntry& entry : fs.list(dir)) {
    if (entry.type != DT_REG || !is_temporary_name(entry.name)) continue;
    try {
      const Fd file = fs.open_at(dir, entry.name, O_RDONLY);
      if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) fs.unlink_at(dir, entry.name);
    } catch (const Error&) {
      // Another user's: it takes room, and does no other harm.
    }
  }
}

[[noreturn]] void fail_taken(const std::string& path) {
  throw Error(ErrorCode::not_allowed, escaped(path), "exists already with other content")
      .with_hint("nothing is ever overwritten: move it away or take another medium");
}

// Errors while the file has a temporary name still say which parcel it is.
template <typename Call>
void named(const std::string& name, Call call) {
  try {
    call();
  } catch (Error& error) {
    error.in("writing " + escaped(name));
    throw;
  }
}

std::string in_numbers(std::uint64_t bytes) {
  return bytes < 1000 ? human_size(bytes) : fmt::format("{} ({} bytes)", human_size(bytes), bytes);
}

SpaceInfo writable_space(FileSystem& fs, const Fd& dir) {
  const SpaceInfo space = fs.space(dir);
  if (space.read_only) {
    throw Error(ErrorCode::device, "medium " + path_of(dir),
                "is read-only: nothing can be written to it")
        .with_hint("switch its write protection off, or name another folder to write to");
  }
  return space;
}

void check_room(FileSystem& fs, const Fd& dir, const MediumIdentity& medium, std::uint64_t size) {
  const SpaceInfo space = writable_space(fs, dir);
  const std::string subject = "medium " + path_of(dir);
  if (size > medium.max_file_size()) {
    throw Error(
        ErrorCode::no_space, subject,
        fmt::format("holds files up to {} ({}), {} needed", in_numbers(medium.max_file_size()),
                    medium.file_system, in_numbers(size)))
        .with_hint("format it as exFAT, or make smaller parcels with --max-bytes");
  }
  // Some file systems in user space do not know how large they are.
  if (space.total_bytes > 0 && size > space.free_bytes) {
    throw Error(ErrorCode::no_space, subject,
                fmt::format("{} needed, {} free", in_numbers(size), in_numbers(space.free_bytes)))
        .with_hint("make room on it or take a larger one, then run the same command");
  }
}

}  // namespace

FolderMedium::FolderMedium(FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {
  try {
    fd_ = fs_.open(path_, O_RDONLY | O_NONBLOCK);
  } catch (Error& error) {
    if (error.code() == ErrorCode::not_found) {
      error.with_hint("mount the medium or make the folder, then run the same command");
    }
    throw;
  }
  const struct stat status = fs_.stat(fd_);
  is_folder_ = S_ISDIR(status.st_mode);
  if (!is_folder_ && !S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::usage, escaped(path_), "is neither a folder nor a file")
        .with_hint("name the folder where the drive is mounted");
  }
}

MediumIdentity FolderMedium::identity() { return identity_of(fs_, fd_); }

ScanResult FolderMedium::scan(const std::function<void(OfferedVolume&&)>& each) {
  if (is_folder_) {
    FolderScan scan(fs_, each);
    scan.walk(fd_, 0);
    return std::move(scan.result);
  }
  auto volume = probe(fs_, fs_.open(path_, O_RDONLY | O_NONBLOCK));
  if (!volume) {
    throw Error(ErrorCode::damaged, "file " + escaped(path_), "is no parcel")
        .with_loss("nothing was changed")
        .with_hint("check the name; a parcel's file usually ends in .pcl");
  }
  ScanResult result;
  result.found = 1;
  each(std::move(*volume));
  return result;
}

void FolderMedium::require_folder() const {
  if (!is_folder_) {
    throw Error(ErrorCode::usage, escaped(path_), "is a file: a folder is wanted to write to");
  }
}

std::uint64_t FolderMedium::room() {
  require_folder();
  const SpaceInfo space = writable_space(fs_, fd_);
  const std::uint64_t largest = identity().max_file_size() - kKeptBack;
  if (space.total_bytes == 0) return largest;
  const std::uint64_t kept = kKeptBack + space.free_bytes / kKeptPart;
  return std::min(largest, space.free_bytes - std::min(space.free_bytes, kept));
}

ProvedCopy FolderMedium::write_proved(const VolumeBytes& from, const std::string& name,
                                      const ProgressSink& progress) {
  require_folder();
  ProvedCopy copy;
  copy.medium = identity();
  copy.path = (path_.ends_with('/') ? path_ : path_ + '/') + SafeName::parse(name).str();
  ProgressEvent writing{"writing", name, 0, 0, 0, 2};
  ProgressEvent verifying{"verifying", name, 0, 0, 1, 2};

  std::optional<DurableFile> file;
  std::string lies_under = name;
  Written written;
  const auto status = fs_.stat_at(fd_, name);
  copy.was_there = status.has_value();
  if (copy.was_there) {
    if (!S_ISREG(status->st_mode)) fail_taken(copy.path);
    written = copy_and_digest(fs_, from, nullptr, writing, progress);
    fs_.sync(fs_.open_at(fd_, name, O_RDONLY | O_NONBLOCK));
  } else {
    check_room(fs_, fd_, copy.medium, from.size);
    sweep_abandoned(fs_, fd_);
    file.emplace(fs_, fd_, name, 0644);
    ::flock(file->fd().get(), LOCK_EX | LOCK_NB);
    lies_under = file->temporary_name();
    named(name, [&] {
      written = copy_and_digest(fs_, from, &file->fd(), writing, progress);
      report(progress, {"flushing", name, written.size, written.size, 0, 2});
      fs_.sync(file->fd());
    });
  }

  const ReadBack proof = read_back(fs_, fd_, lies_under, written, verifying, progress);
  if (!proof.same && copy.was_there) fail_taken(copy.path);
  if (!proof.same) {
    throw Error(ErrorCode::device, "medium " + path_of(fd_),
                fmt::format("gave back something else than was written to {}, between bytes {} and "
                            "{} of {}",
                            name, proof.first_byte, proof.end_byte, written.size))
        .with_loss("nothing was lost: the bad copy was removed")
        .with_hint("do not use this medium again: it is failing, or smaller than it says");
  }
  if (file) named(name, [&] { file->commit(Replace::never); });
  copy.size = written.size;
  copy.digest = written.digest;
  // A file system in user space has a cache of its own behind the kernel's.
  copy.direct = proof.direct && !copy.medium.file_system.starts_with("fuse");
  return copy;
}

}  // namespace courier
