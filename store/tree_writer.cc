#include "store/tree_writer.h"

#include <fcntl.h>

#include <algorithm>

#include "base/error.h"
#include "base/write_behind.h"
#include "store/store.h"

namespace courier {

namespace {

constexpr int kCreate = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kShortestHole = 16 * kPage;

// Writes content in order and leaves out long runs of zero pages, which read as zeros all the same.
class SparseFile {
 public:
  SparseFile(FileSystem& fs, const Fd& fd) : fs_(fs), fd_(fd) {}

  void add(ByteView bytes) {
    std::size_t from = 0;  // what is not yet written
    std::size_t at = std::min(bytes.size(), (kPage - offset_ % kPage) % kPage);
    while (at + kShortestHole <= bytes.size()) {
      std::size_t end = at;
      while (end + kPage <= bytes.size() && is_zero(bytes.subspan(end, kPage))) end += kPage;
      if (end - at < kShortestHole) {
        at = end + kPage;
        continue;
      }
      put(bytes.subspan(from, at - from), from);
      from = at = end;
    }
    put(bytes.subspan(from), from);
    offset_ += bytes.size();
  }

  // The file gets its full length although its end may be a hole.
  void finish() {
    if (written_to_ < offset_) fs_.truncate(fd_, offset_);
  }

 private:
  void put(ByteView bytes, std::size_t from) {
    if (bytes.empty()) return;
    fs_.pwrite(fd_, bytes, offset_ + from);
    behind_.wrote(fs_, fd_, bytes.size());
    written_to_ = offset_ + from + bytes.size();
  }

  FileSystem& fs_;
  const Fd& fd_;
  WriteBehind behind_;
  std::uint64_t offset_ = 0, written_to_ = 0;
};

class Writer {
 public:
  Writer(Store& store, FileSystem& fs, const Fd& top, const TreeWriteOptions& options)
      : store_(store), fs_(fs), top_(top), options_(options) {}

  TreeWriteReport run(const Digest& root) {
    const RootObject object = store_.read_root(root);
    total_ = object.totals.bytes;
    stated_ = object.totals;
    const auto enter = [&](const SafePath& path, const TreeEntry& entry) {
      if (skipping(path)) return;
      write_entry(path, entry);
    };
    const auto leave = [&](const SafePath& path, const TreeEntry& entry) {
      if (skipping(path)) return;
      finish_inode(folders_.back(), path, entry);
      folders_.pop_back();
    };
    store_.walk(root, enter, leave);
    finish_inode(top_, SafePath{}, object.folder);
    for (Named& lost : lost_attributes_) {
      if (report_.problems.size() < kMaxNamed) report_.problems.push_back(std::move(lost));
    }
    return std::move(report_);
  }

 private:
  const Fd& folder() const { return folders_.empty() ? top_ : folders_.back(); }

  // Whether path lies in a folder that the target could not hold.
  bool skipping(const SafePath& path) {
    if (skipped_.empty()) return false;
    if (path.str() == skipped_ || path.str().starts_with(skipped_ + "/")) return true;
    skipped_.clear();
    return false;
  }

  void write_entry(const SafePath& path, const TreeEntry& entry) {
    check_totals(entry);
    try {
      switch (entry.type) {
        case EntryType::file:
          return write_file(path, entry);
        case EntryType::dir:
          return make_folder(path, entry);
        case EntryType::symlink:
          return make_symlink(entry);
        case EntryType::hardlink:
          return make_hardlink(entry);
      }
    } catch (const UnholdableName& unholdable) {
      problem(path, unholdable.what);
      lacks_names_ = true;
      if (entry.type == EntryType::dir) skipped_ = path.str();
    }
  }

  struct UnholdableName {
    std::string what;
  };

  static bool may_be_of_the_name(const Error& error) {
    return error.code() == ErrorCode::device || error.code() == ErrorCode::not_found ||
           error.code() == ErrorCode::not_allowed;
  }

  // Tells a name that the target cannot hold from a target that fails: the latter fails for a
  // plain name too.
  template <typename Make>
  auto make_named(const std::string& name, Make make) {
    try {
      return make();
    } catch (const Error& error) {
      if (!may_be_of_the_name(error)) throw;
      if (is_there(name)) throw UnholdableName{"the target takes it for another name beside it"};
      const std::string probe = ".courier-probe";
      { const Fd fd = fs_.open_at(folder(), probe, kCreate, 0600); }
      fs_.unlink_at(folder(), probe, false);
    }
    // What failed once and goes now was not the name's fault.
    try {
      return make();
    } catch (const Error& error) {
      if (!may_be_of_the_name(error)) throw;
      throw UnholdableName{"the target cannot hold it: " + error.happened()};
    }
  }

  bool is_there(const std::string& name) {
    try {
      return fs_.stat_at(folder(), name).has_value();
    } catch (const Error&) {
      return false;
    }
  }

  void write_file(const SafePath& path, const TreeEntry& entry) {
    using Taken = TreeWriteOptions::Taken;
    Taken taken = Taken::no;
    if (options_.take) taken = options_.take(path, entry, folder(), entry.name);
    ++report_.written.files;
    report_.written.bytes += entry.size;
    if (taken != Taken::no) {
      report_.bytes_taken += entry.size;
      total_ -= std::min(total_, entry.size);  // nothing is written for it
      progress(path, 0);
      if (taken == Taken::shared) return;
      const Fd fd = fs_.open_at(folder(), entry.name, O_RDONLY | O_CLOEXEC, 0);
      return finish_inode(fd, path, entry);
    }
    const Fd fd =
        make_named(entry.name, [&] { return fs_.open_at(folder(), entry.name, kCreate, 0600); });
    write_content(store_, fs_, entry, fd, [&](std::uint64_t bytes) { progress(path, bytes); });
    finish_inode(fd, path, entry);
  }

  void make_folder(const SafePath&, const TreeEntry& entry) {
    make_named(entry.name, [&] { fs_.make_dir_at(folder(), entry.name, 0700); });
    Fd fd = fs_.open_at(folder(), entry.name, kFolder, 0);
    folders_.push_back(std::move(fd));
    ++report_.written.dirs;
  }

  void make_symlink(const TreeEntry& entry) {
    make_named(entry.name, [&] { fs_.symlink_at(folder(), entry.name, entry.target); });
    fs_.set_mtime_at(folder(), entry.name, entry.mtime, entry.mtime_ns);
    ++report_.written.symlinks;
  }

  void make_hardlink(const TreeEntry& entry) {
    const SafePath first = SafePath::parse(entry.target);
    // Opened part by part beneath the top, so that no link on the way is ever followed.
    const SafePath parent = first.parent();
    const auto throw_no_file = [&] {
      if (lacks_names_) {
        throw UnholdableName{"leads to " + escaped(first.str()) + ", which is not there"};
      }
      throw Error(ErrorCode::damaged, "hard link " + escaped(entry.name),
                  "leads to " + escaped(first.str()) + ", which is no file before it");
    };
    Fd opened;
    try {
      if (!parent.empty()) opened = fs_.open_at(top_, parent.str(), kFolder, 0);
    } catch (const Error& error) {  // nothing there, or a link: no retry will change it
      if (error.code() != ErrorCode::not_allowed && error.code() != ErrorCode::not_found) throw;
      throw_no_file();
    }
    const Fd& from = parent.empty() ? top_ : opened;
    const std::string name(first.last());
    const auto status = fs_.stat_at(from, name);
    if (!status || !S_ISREG(status->st_mode)) throw_no_file();
    make_named(entry.name, [&] { fs_.link_at(from, name, folder(), entry.name); });
    ++report_.written.hardlinks;
  }

  // Owner first: it clears setuid. The time last: everything before may change it.
  void finish_inode(const Fd& fd, const SafePath& path, const TreeEntry& entry) {
    if (options_.xattrs) set_xattrs(fd, path, entry);
    if (options_.owner || options_.group) {
      fs_.set_owner(fd, options_.owner.value_or(static_cast<uid_t>(-1)),
                    options_.group.value_or(static_cast<gid_t>(-1)));
    }
    fs_.set_mode(fd, written_mode(entry, options_));
    fs_.set_mtime(fd, entry.mtime, entry.mtime_ns);
  }

  void set_xattrs(const Fd& fd, const SafePath& path, const TreeEntry& entry) {
    try {
      for (const auto& [name, value] : entry.xattrs) fs_.set_xattr(fd, name, value);
    } catch (const Error& error) {
      // No space as well: so ext4 refuses more than a block of them. A full disk shows with what is
      // written next. Behind the names in the list, so that these are never cut off by it.
      ++report_.attribute_problems;
      ++report_.problem_count;
      lost_attributes_.push_back(
          {path.str(), "its extended attributes are not held by the target: " + error.happened()});
      if (lost_attributes_.size() > kMaxNamed) lost_attributes_.pop_back();
    }
  }

  // A tree is never larger than its root says, which is what space was checked for.
  void check_totals(const TreeEntry& entry) {
    Totals& t = seen_;
    switch (entry.type) {
      case EntryType::file:
        ++t.files;
        t.bytes += entry.size;
        break;
      case EntryType::dir:
        ++t.dirs;
        break;
      case EntryType::symlink:
        ++t.symlinks;
        break;
      case EntryType::hardlink:
        ++t.hardlinks;
        break;
    }
    if (t.files > stated_.files || t.dirs > stated_.dirs || t.symlinks > stated_.symlinks ||
        t.hardlinks > stated_.hardlinks || t.bytes > stated_.bytes) {
      throw Error(ErrorCode::damaged, "tree", "is larger than its root object says");
    }
  }

  void progress(const SafePath& path, std::uint64_t bytes) {
    done_ += bytes;
    if (options_.progress) {
      courier::report(options_.progress, {options_.phase, path.str(), done_, total_});
    }
  }

  void problem(const SafePath& path, std::string what) {
    if (report_.problems.size() < kMaxNamed) {
      report_.problems.push_back({path.str(), std::move(what)});
    }
    ++report_.problem_count;
  }

  Store& store_;
  FileSystem& fs_;
  const Fd& top_;
  const TreeWriteOptions& options_;
  TreeWriteReport report_;
  std::vector<Fd> folders_;  // open, innermost last; beneath top_
  std::string skipped_;
  bool lacks_names_ = false;  // the target could not hold some
  std::vector<Named> lost_attributes_;
  Totals stated_, seen_;
  std::uint64_t done_ = 0, total_ = 0;
};

}  // namespace

void write_content(Store& store, FileSystem& fs, const TreeEntry& entry, const Fd& file,
                   const std::function<void(std::uint64_t bytes)>& progress) {
  SparseFile out(fs, file);
  const auto reader = store.open_file(entry);
  for (ByteView chunk = reader->next_chunk(); !chunk.empty(); chunk = reader->next_chunk()) {
    out.add(chunk);
    if (progress) progress(chunk.size());
  }
  out.finish();
}

mode_t written_mode(const TreeEntry& entry, const TreeWriteOptions& options) {
  mode_t mode = entry.mode;
  if (!options.set_ids) mode &= ~static_cast<mode_t>(S_ISUID | S_ISGID);
  if (!options.mode) return mode;
  mode_t bits = *options.mode & 0777;
  // As chmod's X: whoever may read a folder may enter it, and what was executable stays so.
  const bool executable = entry.type == EntryType::dir || (entry.mode & 0111) != 0;
  if (executable) bits |= (bits & 0444) >> 2;
  return (mode & 07000) | bits;
}

TreeWriteReport write_tree(Store& store, FileSystem& fs, const Digest& root, const Fd& dir,
                           const TreeWriteOptions& options) {
  return Writer(store, fs, dir, options).run(root);
}

}  // namespace courier
