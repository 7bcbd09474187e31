#include "media/folder_medium.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/safe_path.h"
#include "media/medium_errors.h"
#include "media/proved_file.h"
#include "media/sysfs.h"
#include "media/volume_offer.h"

namespace courier {

namespace {

constexpr int kDepth = 4;

// What room() keeps back: the last cluster, the folder's entry, the tables of a large file.
constexpr std::uint64_t kKeptBack = 64u << 10;
constexpr std::uint64_t kKeptPart = 4096;  // and one part in so many of what is free

// A file that begins like a parcel, or nullopt.
std::optional<OfferedVolume> probe(FileSystem& fs, Fd fd) {
  const struct stat status = fs.stat(fd);
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  std::string path = path_of(fd);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  return offer_if_parcel(std::move(path), with_place(bytes_of_device(fs, std::move(fd), size), ""));
}

class FolderScan {
 public:
  // Where a volume lies: the open folder, and its name in it.
  using Each = std::function<void(OfferedVolume&&, const Fd& dir, const std::string& name)>;
  FolderScan(FileSystem& fs, Each each) : fs_(fs), each_(std::move(each)) {}

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
    each_(std::move(*volume), dir, name);
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
  const Each each_;
  std::set<std::pair<dev_t, ino_t>> seen_;
};

SpaceInfo writable_space(FileSystem& fs, const Fd& dir) {
  const SpaceInfo space = fs.space(dir);
  if (space.read_only) {
    throw read_only_error("medium " + path_of(dir));
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
    throw no_room_error(subject, size, space.free_bytes);
  }
}

}  // namespace

FolderMedium::FolderMedium(FileSystem& fs, std::string path, std::string root, Wait wait)
    : fs_(fs), path_(std::move(path)), root_(std::move(root)), wait_(std::move(wait)) {
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

MediumIdentity FolderMedium::identity() { return identity_of(fs_, fd_, root_); }

ScanResult FolderMedium::scan(const std::function<void(OfferedVolume&&)>& each) {
  if (is_folder_) {
    FolderScan scan(fs_, [&](OfferedVolume&& volume, const Fd&, const std::string&) {
      each(std::move(volume));
    });
    scan.walk(fd_, 0);
    return std::move(scan.result);
  }
  auto volume = probe(fs_, fs_.open(path_, O_RDONLY | O_NONBLOCK));
  if (!volume) {
    throw no_parcel_error(path_, bytes_of_file(fs_, fs_.open(path_, O_RDONLY | O_NONBLOCK)));
  }
  ScanResult result;
  result.found = 1;
  each(std::move(*volume));
  return result;
}

void FolderMedium::require_folder() const {
  if (!is_folder_) {
    throw Error(ErrorCode::usage, escaped(path_), "is a file: a folder is wanted here");
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

// Whether it lies on a device that the kernel knows.
bool FolderMedium::has_device() {
  try {
    return !sysfs::devices_under(fs_, fd_, root_).empty();
  } catch (const Error&) {
    return false;
  }
}

ProvedCopy FolderMedium::write_proved(const VolumeBytes& from, const std::string& name,
                                      const ProgressSink& progress) {
  require_folder();
  ProvedCopy copy;
  copy.medium = identity();
  copy.path = (path_.ends_with('/') ? path_ : path_ + '/') + SafeName::parse(name).str();
  if (!fs_.stat_at(fd_, name)) check_room(fs_, fd_, copy.medium, from.size);
  const Quirks quirks = quirks_for_writing(fs_, fd_, root_);
  const bool had_device = has_device();
  ProvedFile file;
  try {
    file = write_proved_file(fs_, fd_, from, name, progress, quirks, {}, wait_);
  } catch (const Error& error) {
    // A file system whose drive is gone may say that it is full.
    if (error.code() != ErrorCode::no_space || !had_device || has_device()) throw;
    throw gone_error("medium " + path_of(fd_), name);
  }
  copy.was_there = file.was_there;
  copy.size = file.size;
  copy.digest = file.digest;
  // A file system in user space has a cache of its own behind the kernel's.
  copy.direct = file.direct && !copy.medium.file_system.starts_with("fuse");
  return copy;
}

void FolderMedium::remove(const std::function<bool(const OfferedVolume&)>& goes) {
  require_folder();
  FolderScan scan(fs_, [&](OfferedVolume&& volume, const Fd& dir, const std::string& name) {
    if (!goes(volume)) return;
    fs_.unlink_at(dir, name);
    fs_.sync(dir);
  });
  scan.walk(fd_, 0);
}

}  // namespace courier
