#include "store/unpacked_tree.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace courier {

namespace {

constexpr int kCreate = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr std::uint16_t kFolderMode = 0755;  // of folders that the archive does not name
constexpr std::uint64_t kNoteBytes = 128;    // that a note takes beside its path

// An error of the file system that only says what the names of the archive are like.
bool is_of_the_names(const Error& error) {
  return error.code() == ErrorCode::not_allowed || error.code() == ErrorCode::not_found;
}

}  // namespace

UnpackedTree::UnpackedTree(FileSystem& fs, const Fd& into, std::string archive,
                           const UnpackOptions& options)
    : fs_(fs), into_(into), archive_(std::move(archive)), options_(options) {
  kept_[""] = {kFolderMode, std::nullopt, true};
}

Error UnpackedTree::error(ErrorCode code, std::string_view what) const {
  std::string subject = "archive " + escaped(archive_);
  if (number_ > 0) subject += fmt::format(": entry {}, {}", number_, escaped(name_.substr(0, 300)));
  return Error(code, std::move(subject), std::string(what))
      .with_loss("nothing was lost: no package version was made")
      .with_hint(
          "get the archive again from where it came; or unpack it yourself, look at it, and"
          " add the folder");
}

Error UnpackedTree::came_before() const {
  return error(ErrorCode::damaged, "is a name that came before in this archive");
}

Error UnpackedTree::no_folder_on_the_way() const {
  return error(ErrorCode::damaged, "passes through what is no folder in this archive");
}

SafePath UnpackedTree::path_of_name(std::string_view name) const {
  if (name.starts_with('/')) {
    throw error(ErrorCode::damaged, escaped(name.substr(0, 300)) + " is no path within a folder");
  }
  std::string plain;
  while (!name.empty()) {
    const std::size_t slash = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, slash);
    name.remove_prefix(std::min(slash + 1, name.size()));
    if (part.empty() || part == ".") continue;
    if (!plain.empty()) plain += '/';
    plain += part;
  }
  if (plain.empty()) return {};
  try {
    return SafePath::parse(plain);
  } catch (const Error& fault) {
    throw error(ErrorCode::damaged, fault.what());
  }
}

void UnpackedTree::begin(const ArchiveEntry& entry) {
  end_file();
  ++number_;
  name_ = entry.name;
  if (number_ > options_.max_entries) {
    throw error(ErrorCode::not_allowed,
                fmt::format("is beyond the limit of {} entries", options_.max_entries));
  }
  path_ = path_of_name(entry.name);
  const bool is_folder = entry.type == ArchiveEntry::Type::folder;
  if (path_.empty() && !is_folder) throw error(ErrorCode::damaged, "has no name");
  if (const auto left = left_out_.find(path_.str()); left != left_out_.end()) {
    if (!is_folder || !left->second) throw came_before();
  }
  content_ = Content::none;
  is_empty_told_ = false;
  if (entry.type == ArchiveEntry::Type::other) {
    leave_out(path_, false);
    return odd(path_, escaped(entry.remark));
  }
  if (!entry.remark.empty()) {
    if (entry.type == ArchiveEntry::Type::file) content_ = Content::ignored;
    return unreadable(path_, escaped(entry.remark), is_folder);
  }
  if (entry.mtime) {
    latest_ = has_time_ ? std::max(latest_, *entry.mtime) : *entry.mtime;
    has_time_ = true;
  }
  try {
    switch (entry.type) {
      case ArchiveEntry::Type::file:
        make_file(path_, entry);
        content_ = Content::taken;
        return;
      case ArchiveEntry::Type::folder:
        return make_folder(path_, entry);
      case ArchiveEntry::Type::symlink:
        return make_symlink(path_, entry);
      default:
        return make_hardlink(path_, entry);
    }
  } catch (const Error& fault) {
    if (!is_of_the_names(fault) || noted_ > options_.max_noted) throw;
    throw status_of(path_) ? came_before() : no_folder_on_the_way();
  }
}

// Folders on the way that the archive has not named, or not yet, are made.
Fd UnpackedTree::open_parent(const SafePath& path) {
  const SafePath parent = path.parent();
  if (parent.empty()) return fs_.open_at(into_, ".", kFolder, 0);
  if (!kept_.contains(parent.str())) {
    SafePath folder;
    for (const std::string_view part : parent.components()) {
      folder = folder.child(SafeName::parse(part));
      const auto left = left_out_.find(folder.str());
      if (left != left_out_.end() && !left->second) throw no_folder_on_the_way();
      if (fs_.stat_at(into_, folder.str())) continue;
      fs_.make_dir_at(into_, folder.str(), 0700);
      keep(folder) = {kFolderMode, std::nullopt, true};
    }
  }
  return fs_.open_at(into_, parent.str(), kFolder, 0);
}

void UnpackedTree::make_folder(const SafePath& path, const ArchiveEntry& entry) {
  if (!path.empty()) {
    const Fd parent = open_parent(path);
    const std::string name(path.last());
    const auto there = fs_.stat_at(parent, name);
    if (!there) {
      fs_.make_dir_at(parent, name, 0700);
    } else if (!S_ISDIR(there->st_mode)) {
      throw came_before();
    }
  }
  keep(path) = {entry.mode, entry.mtime, !entry.mtime};
  if (entry.xattrs.empty()) return;
  const Fd fd = fs_.open_at(into_, path.empty() ? "." : path.str(), kFolder, 0);
  set_attributes(fd, path, entry);
}

void UnpackedTree::make_file(const SafePath& path, const ArchiveEntry& entry) {
  OpenFile file;
  file.parent = open_parent(path);
  file.fd = fs_.open_at(file.parent, path.last(), kCreate, 0600);
  file.mode = entry.mode;
  file.mtime = entry.mtime;
  file.size = entry.size;
  file_ = std::move(file);
  set_attributes(file_->fd, path, entry);
  if (!entry.mtime) keep(path).is_timeless = true;
  if ((entry.mode & 0400) == 0) keep(path).mode = entry.mode;
}

void UnpackedTree::make_symlink(const SafePath& path, const ArchiveEntry& entry) {
  if (entry.target.empty() || entry.target.size() > kMaxLinkTarget ||
      entry.target.find('\0') != std::string::npos) {
    throw error(ErrorCode::damaged,
                fmt::format("is a symbolic link with a target of {} bytes", entry.target.size()));
  }
  const Fd parent = open_parent(path);
  fs_.symlink_at(parent, path.last(), entry.target);
  if (!entry.mtime) {
    keep(path).is_timeless = true;
    return;
  }
  fs_.set_mtime_at(parent, path.last(), entry.mtime->seconds, entry.mtime->nanoseconds);
}

void UnpackedTree::make_hardlink(const SafePath& path, const ArchiveEntry& entry) {
  const SafePath first = path_of_name(entry.target);
  if (left_out_.contains(first.str())) {
    return unreadable(path, "a hard link to " + escaped(first.str()) + ", which is left out");
  }
  const auto no_file = [&] {
    return error(ErrorCode::damaged, "is a hard link to " + escaped(entry.target.substr(0, 300)) +
                                         ", which is no file before it");
  };
  if (first.empty() || first == path) throw no_file();
  std::optional<struct stat> status;
  try {
    status = fs_.stat_at(into_, first.str());
  } catch (const Error& fault) {
    if (!is_of_the_names(fault)) throw;
  }
  // GNU tar records the second name of a symbolic link so, too; it is not followed.
  if (!status || !(S_ISREG(status->st_mode) || S_ISLNK(status->st_mode))) throw no_file();
  const Fd parent = open_parent(path);
  const Fd from = open_parent(first);
  fs_.link_at(from, first.last(), parent, path.last());
  // A snapshot meets the names in another order.
  if (const auto kept = kept_.find(first.str()); kept != kept_.end()) {
    const Kept same = kept->second;
    keep(path) = same;
  }
}

std::optional<struct stat> UnpackedTree::status_of(const SafePath& path) {
  try {
    if (!path.empty()) return fs_.stat_at(into_, path.str());
  } catch (const Error&) {
    // Beyond a link or a file.
  }
  return std::nullopt;
}

UnpackedTree::Kept& UnpackedTree::keep(const SafePath& path) {
  const auto [at, is_new] = kept_.try_emplace(path.str());
  if (is_new) note(path);
  return at->second;
}

void UnpackedTree::leave_out(const SafePath& path, bool is_folder) {
  const auto there = status_of(path);
  if (there && !(is_folder && S_ISDIR(there->st_mode))) throw came_before();
  if (left_out_.emplace(path.str(), is_folder).second) note(path);
}

void UnpackedTree::note(const SafePath& path) {
  noted_ += kNoteBytes + path.str().size();
  if (noted_ <= options_.max_noted) return;
  throw error(ErrorCode::not_allowed,
              fmt::format("takes what must be remembered of folders, of entries without a time and"
                          " of what is left out beyond the limit of {}",
                          human_size(options_.max_noted)));
}

void UnpackedTree::set_attributes(const Fd& fd, const SafePath& path, const ArchiveEntry& entry) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : entry.xattrs) bytes += name.size() + value.size();
  if (bytes > kMaxXattrBytes || entry.xattrs.size() > kMaxXattrs) {
    return odd(path, fmt::format("its extended attributes are left out: more than {} or {} bytes",
                                 kMaxXattrs, kMaxXattrBytes));
  }
  try {
    for (const auto& [name, value] : entry.xattrs) fs_.set_xattr(fd, name, value);
  } catch (const Error& fault) {
    // No space as well: so ext4 refuses more than a block of them. A full disk shows with what is
    // written next.
    odd(path, "its extended attributes are left out: " + fault.happened());
  }
}

void UnpackedTree::content(const ArchiveData& data) {
  if (content_ == Content::none) throw error(ErrorCode::damaged, "has content, and is no file");
  if (content_ == Content::broken) {
    throw error(ErrorCode::damaged, "has content behind the fault that ended it");
  }
  if (data.bytes.empty() && std::exchange(is_empty_told_, true)) {
    throw error(ErrorCode::damaged, "has a second part without content");
  }
  if (content_ == Content::ignored) return count_bytes(data.bytes.size());
  if (!file_) bug("content of no entry");
  OpenFile& file = *file_;
  if (data.offset < file.end) throw error(ErrorCode::damaged, "has content that overlaps");
  const std::uint64_t end = data.offset + data.bytes.size();
  if (file.size && end > *file.size) {
    throw error(ErrorCode::damaged,
                fmt::format("has more content than the {} bytes it says", *file.size));
  }
  count_bytes(end - file.end);
  file.end = end;
  if (is_zero(data.bytes)) return;  // a hole; the length is set at the end
  written_ += data.bytes.size();
  if (written_ > options_.room) {
    throw error(
        ErrorCode::no_space,
        fmt::format("takes what is written beyond the {} that are free", human_size(options_.room)))
        .with_hint("make room on the drive of the home and run the same command again");
  }
  fs_.pwrite(file.fd, data.bytes, data.offset);
  file.written_to = end;
}

void UnpackedTree::broken(const std::string& what) {
  if (content_ != Content::taken && content_ != Content::ignored) {
    throw error(ErrorCode::damaged, "has a fault in content that it does not have");
  }
  drop_file();
  const bool is_new = content_ == Content::taken;  // what is ignored was named as it began
  content_ = Content::broken;
  if (is_new) unreadable(path_, escaped(what));
}

void UnpackedTree::count_bytes(std::uint64_t more) {
  bytes_ += more;
  if (bytes_ <= options_.max_bytes) return;
  throw error(ErrorCode::not_allowed, fmt::format("takes the content beyond the limit of {}",
                                                  human_size(options_.max_bytes)))
      .with_hint("if you trust it to be so large: --max-unpacked SIZE");
}

void UnpackedTree::end_file() {
  if (!file_) return;
  OpenFile& file = *file_;
  if (file.size && file.end != *file.size) {
    throw error(ErrorCode::damaged,
                fmt::format("has {} bytes of the {} that it says", file.end, *file.size));
  }
  if (file.written_to < file.end) fs_.truncate(file.fd, file.end);
  fs_.set_mode(file.fd, file.mode | 0400u);
  if (file.mtime) fs_.set_mtime(file.fd, file.mtime->seconds, file.mtime->nanoseconds);
  file_.reset();
}

void UnpackedTree::drop_file() {
  if (!file_) return;
  fs_.unlink_at(file_->parent, path_.last(), false);
  file_.reset();
  kept_.erase(path_.str());
}

void UnpackedTree::odd(const SafePath& path, std::string what) {
  if (findings_.odd.size() < kMaxNamed) {
    findings_.odd.push_back({path.str(), fmt::format("entry {}: {}", number_, what)});
  }
  ++findings_.odd_count;
}

void UnpackedTree::unreadable(const SafePath& path, std::string what, bool is_folder) {
  leave_out(path, is_folder);
  if (findings_.unreadable.size() < kMaxNamed) {
    findings_.unreadable.push_back({path.str(), fmt::format("entry {}: {}", number_, what)});
  }
  ++findings_.unreadable_count;
}

void UnpackedTree::finish() {
  end_file();
  if (number_ == 0) throw error(ErrorCode::damaged, "holds no entry");
  if (findings_.unreadable_count == 0 || options_.skip_unreadable) return;
  number_ = 0;
  throw error(ErrorCode::damaged, unreadable_text(findings_))
      .with_hint("get the archive again from where it came, or leave them out: --skip-unreadable");
}

void UnpackedTree::amend(const SafePath& path, TreeEntry& entry) const {
  const auto found = kept_.find(path.str());
  if (found == kept_.end()) return;
  const Kept& kept = found->second;
  if (kept.mode) entry.mode = *kept.mode;
  const ArchiveEntry::Time time = kept.time.value_or(latest_);
  if (!kept.time && !kept.is_timeless) return;
  entry.mtime = time.seconds;
  entry.mtime_ns = time.nanoseconds;
}

}  // namespace courier
