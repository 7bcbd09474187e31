#include "store/source_reader.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/read_ahead.h"

namespace courier {

namespace {

constexpr int kReadFile = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
constexpr int kReadFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

Error changed(const std::string& source, const SafePath& path, std::string_view what) {
  const std::string where = path.empty() ? source : source + "/" + path.str();
  return Error(ErrorCode::not_allowed, escaped(where), std::string(what))
      .with_loss("nothing was lost: no package version was made")
      .with_hint("run the same command again when nothing writes to it");
}

mode_t mode_of(unsigned char type) { return static_cast<mode_t>(DTTOIF(type)); }

std::string name_of_source(const std::string& source) {
  std::string_view path = source;
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

}  // namespace

bool same_state(const struct stat& a, const struct stat& b) {
  const auto same_time = [](const timespec& x, const timespec& y) {
    return x.tv_sec == y.tv_sec && x.tv_nsec == y.tv_nsec;
  };
  return a.st_size == b.st_size && a.st_mode == b.st_mode && same_time(a.st_mtim, b.st_mtim) &&
         same_time(a.st_ctim, b.st_ctim);
}

std::string_view word_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFIFO:
      return "fifo";
    case S_IFSOCK:
      return "socket";
    case S_IFCHR:
      return "character device";
    case S_IFBLK:
      return "block device";
    default:
      return "of no known type";
  }
}

std::string unreadable_text(const SourceFindings& findings) {
  std::string list;
  for (std::size_t i = 0; i < std::min<std::size_t>(findings.unreadable.size(), 5); ++i) {
    const Named& named = findings.unreadable[i];
    if (i > 0) list.append(", ");
    list.append(escaped(named.path)).append(" (").append(named.what).append(")");
  }
  return std::to_string(findings.unreadable_count) + " of its entries cannot be read: " + list +
         (findings.unreadable_count > 5 ? ", and others" : "");
}

SourceReader::SourceReader(FileSystem& fs, bool skip_unreadable, Push push, AmendEntry amend)
    : fs_(fs),
      skip_unreadable_(skip_unreadable),
      push_(std::move(push)),
      amend_(std::move(amend)) {}

void SourceReader::run(const std::string& source) {
  source_ = source;
  while (source_.size() > 1 && source_.ends_with('/')) source_.pop_back();
  const Fd fd = fs_.open(source, kReadFile);
  const struct stat status = fs_.stat(fd);
  if (S_ISDIR(status.st_mode)) {
    prefetch_.emplace(fd.get());
    read_folder(fd, status, SafePath{}, "");
    prefetch_.reset();
  } else if (S_ISREG(status.st_mode)) {
    const std::string name = name_of_source(source);
    step(FolderBegin{});
    source_ = source_.substr(0, source_.size() - name.size());
    if (source_.ends_with('/') && source_.size() > 1) source_.pop_back();
    if (source_.empty()) source_ = ".";
    read_file(fd, name, SafePath{}.child(SafeName::parse(name)));
    finish_folder_of_one(status.st_mtim.tv_sec, static_cast<std::uint32_t>(status.st_mtim.tv_nsec));
  } else {
    throw Error(ErrorCode::usage, escaped(source),
                "is neither a folder nor a file but a " + std::string(word_of(status.st_mode)));
  }
  if (findings_.unreadable_count > 0 && !skip_unreadable_) {
    throw Error(ErrorCode::device, escaped(source), unreadable_text(findings_))
        .with_loss("nothing was lost: no package version was made")
        .with_hint("make them readable for this user, or leave them out: --skip-unreadable");
  }
  pass_on();
}

void SourceReader::run_stream(const Fd& stream, const StreamName& named) {
  TreeEntry entry;
  entry.name = SafeName::parse(named.name).str();
  entry.mode = 0644;
  entry.mtime = named.mtime;
  entry.mtime_ns = named.mtime_ns;
  step(FolderBegin{});
  read_content([&](MutableByteView out, std::uint64_t) { return fs_.read(stream, out); },
               UINT64_MAX);
  step(FileDone{std::move(entry)});
  finish_folder_of_one(named.mtime, named.mtime_ns);
  pass_on();
}

void SourceReader::finish_folder_of_one(std::int64_t mtime, std::uint32_t mtime_ns) {
  TreeEntry folder;
  folder.type = EntryType::dir;
  folder.mode = 0755;
  folder.mtime = mtime;
  folder.mtime_ns = mtime_ns;
  step(FolderDone{std::move(folder)});
}

void SourceReader::read_folder(const Fd& dir, const struct stat& before, const SafePath& path,
                               const std::string& name) {
  // What may find the folder unreadable comes first: it is then left out as a whole.
  TreeEntry folder = entry_of(dir, before, EntryType::dir, name, path);
  const auto entries = fs_.list(dir);
  step(FolderBegin{});
  for (const DirEntry& entry : entries) read_entry(dir, entry, path);
  // Half of it has been passed on: from here an error can only end the snapshot.
  cannot_skip_ = true;
  if (!same_state(before, fs_.stat(dir))) {
    throw changed(source_, path, "something in this folder was changed while it was read");
  }
  cannot_skip_ = false;
  step(FolderDone{std::move(folder)});
}

void SourceReader::read_entry(const Fd& dir, const DirEntry& entry, const SafePath& path) {
  SafePath child;
  try {
    child = path.child(SafeName::parse(entry.name));
  } catch (const Error& error) {
    // Deeper or longer than any path may be: named by its folder, for the lack of a path.
    unreadable(path, escaped(entry.name) + ": " + error.happened());
    return;
  }
  try {
    mode_t type = mode_of(entry.type);
    if (entry.type == DT_UNKNOWN) {
      const auto status = fs_.stat_at(dir, entry.name);
      if (!status) throw changed(source_, child, "vanished while the source was read");
      type = status->st_mode & S_IFMT;
    }
    switch (type) {
      case S_IFDIR:
        return read_subfolder(dir, entry.name, child);
      case S_IFREG:
        prefetch_->passed_file();
        return open_and_read_file(dir, entry.name, child);
      case S_IFLNK:
        return read_link(dir, entry.name, child);
      default:
        return odd(child, std::string(word_of(type)));
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found) {
      throw changed(source_, child, "vanished while the source was read");
    }
    if (error.code() != ErrorCode::device || cannot_skip_) throw;
    unreadable(child, error.happened());
  }
}

void SourceReader::read_subfolder(const Fd& dir, const std::string& name, const SafePath& path) {
  const Fd fd = fs_.open_at(dir, name, kReadFolder, 0);
  const struct stat status = fs_.stat(fd);
  read_folder(fd, status, path, name);
}

void SourceReader::read_link(const Fd& dir, const std::string& name, const SafePath& path) {
  const auto status = fs_.stat_at(dir, name);
  if (!status || !S_ISLNK(status->st_mode)) {
    throw changed(source_, path, "changed while the source was read");
  }
  TreeEntry entry;
  entry.type = EntryType::symlink;
  entry.name = name;
  entry.mode = 0777;
  entry.mtime = status->st_mtim.tv_sec;
  entry.mtime_ns = static_cast<std::uint32_t>(status->st_mtim.tv_nsec);
  entry.target = fs_.read_link_at(dir, name);
  if (entry.target.empty() || entry.target.size() > kMaxLinkTarget) {
    return odd(path,
               "symbolic link with a target of " + std::to_string(entry.target.size()) + " bytes");
  }
  if (amend_) amend_(path, entry);
  step(LinkDone{std::move(entry)});
}

void SourceReader::open_and_read_file(const Fd& dir, const std::string& name,
                                      const SafePath& path) {
  const Fd file = fs_.open_at(dir, name, kReadFile, 0);
  read_file(file, name, path);
}

void SourceReader::read_file(const Fd& file, const std::string& name, const SafePath& path) {
  constexpr int kAttempts = 2;
  for (int attempt = 1;; ++attempt) {
    const struct stat before = fs_.stat(file);
    if (!S_ISREG(before.st_mode)) {
      throw changed(source_, path, "changed while the source was read");
    }
    const auto identity = std::pair(before.st_dev, before.st_ino);
    if (before.st_nlink > 1) {
      if (const auto first = linked_.find(identity); first != linked_.end()) {
        TreeEntry link;
        link.type = EntryType::hardlink;
        link.name = name;
        link.target = first->second;
        return step(LinkDone{std::move(link)});
      }
    }
    if (!reading_) return;
    TreeEntry entry = entry_of(file, before, EntryType::file, name, path);
    std::uint64_t size = 0;
    ReadAhead ahead;
    try {
      size = read_content(
          [&](MutableByteView out, std::uint64_t offset) {
            ahead.reading(file, offset);
            return fs_.pread(file, out, offset);
          },
          static_cast<std::uint64_t>(before.st_size));
    } catch (const Error&) {
      step(FileAgain{});
      throw;
    }
    const struct stat after = fs_.stat(file);
    if (same_state(before, after) && size == static_cast<std::uint64_t>(before.st_size)) {
      if (before.st_nlink > 1) linked_.emplace(identity, path.str());
      return step(FileDone{std::move(entry)});
    }
    step(FileAgain{});
    if (attempt == kAttempts) throw changed(source_, path, "this file changed while it was read");
  }
}

std::uint64_t SourceReader::read_content(const ReadAt& read, std::uint64_t stated_size) {
  std::uint64_t total = 0;
  std::size_t cut = batch_.size;  // the chunk under way begins here
  for (bool at_end = stated_size == 0; !at_end;) {
    if (!batch_.data) batch_.data = std::make_unique_for_overwrite<std::uint8_t[]>(kBatchCapacity);
    while (!at_end && batch_.size < kBatchCapacity) {
      const MutableByteView room(batch_.data.get() + batch_.size, kBatchCapacity - batch_.size);
      const std::size_t n = read(room, total);
      batch_.size += n;
      total += n;
      // One that has grown is seen by its size afterwards.
      at_end = n == 0 || total >= stated_size;
    }
    while (batch_.size - cut >= kMaxChunk || (at_end && cut < batch_.size)) {
      const std::size_t size = first_cut({batch_.data.get() + cut, batch_.size - cut});
      batch_.steps.push_back(
          Piece{static_cast<std::uint32_t>(cut), static_cast<std::uint32_t>(size), {}});
      cut += size;
    }
    if (at_end) break;
    // Full: what is not yet cut goes to the next batch.
    auto next = std::make_unique_for_overwrite<std::uint8_t[]>(kBatchCapacity);
    const std::size_t rest = batch_.size - cut;
    std::memcpy(next.get(), batch_.data.get() + cut, rest);
    batch_.size = cut;
    pass_on();
    batch_.data = std::move(next);
    batch_.size = rest;
    cut = 0;
  }
  return total;
}

TreeEntry SourceReader::entry_of(const Fd& fd, const struct stat& status, EntryType type,
                                 const std::string& name, const SafePath& path) {
  TreeEntry entry;
  entry.type = type;
  entry.name = name;
  entry.mode = static_cast<std::uint16_t>(status.st_mode & 07777);
  entry.mtime = status.st_mtim.tv_sec;
  entry.mtime_ns = static_cast<std::uint32_t>(status.st_mtim.tv_nsec);
  entry.xattrs = fs_.xattrs(fd);
  std::size_t bytes = 0;
  for (const auto& [key, value] : entry.xattrs) bytes += key.size() + value.size();
  if (bytes > kMaxXattrBytes || entry.xattrs.size() > kMaxXattrs) {
    odd(path, "its extended attributes are left out: " + std::to_string(entry.xattrs.size()) +
                  " of " + std::to_string(bytes) + " bytes");
    entry.xattrs.clear();
  }
  if (amend_) amend_(path, entry);
  return entry;
}

void SourceReader::step(SourceStep step) {
  batch_.steps.push_back(std::move(step));
  if (batch_.size >= kBatchBytes || batch_.steps.size() >= kBatchSteps) pass_on();
}

void SourceReader::pass_on() {
  if (batch_.steps.empty()) return;
  SourceBatch full = std::move(batch_);
  batch_ = {};
  push_(std::move(full));
}

void SourceReader::odd(const SafePath& path, std::string what) {
  if (findings_.odd.size() < kMaxNamed) findings_.odd.push_back({path.str(), std::move(what)});
  ++findings_.odd_count;
}

void SourceReader::unreadable(const SafePath& path, std::string what) {
  if (findings_.unreadable.size() < kMaxNamed) {
    findings_.unreadable.push_back({path.str(), std::move(what)});
  }
  ++findings_.unreadable_count;
  // The rest is only looked at, so that the message can name all there is.
  if (!skip_unreadable_) reading_ = false;
}

namespace {

std::uint64_t count_bytes(FileSystem& fs, const Fd& dir, int depth) {
  std::uint64_t bytes = 0;
  for (const DirEntry& entry : fs.list(dir)) {
    try {
      if (entry.type == DT_REG) {
        const auto status = fs.stat_at(dir, entry.name);
        if (status) bytes += static_cast<std::uint64_t>(status->st_size);
      } else if (entry.type == DT_DIR && depth < 256) {
        bytes += count_bytes(fs, fs.open_at(dir, entry.name, kReadFolder, 0), depth + 1);
      }
    } catch (const Error&) {
      // The snapshot itself says so, with the name.
    }
  }
  return bytes;
}

}  // namespace

std::uint64_t count_source_bytes(FileSystem& fs, const std::string& source) {
  const Fd fd = fs.open(source, kReadFile);
  const struct stat status = fs.stat(fd);
  if (S_ISDIR(status.st_mode)) return count_bytes(fs, fd, 0);
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace courier
