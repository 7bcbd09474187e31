#include "store/tree_verify.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <set>

#include "base/error.h"
#include "base/read_ahead.h"
#include "store/chunker.h"
#include "store/store.h"

namespace courier {

namespace {

constexpr int kReadFile = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
// Small files one after the other would wait for the drive once each.
constexpr std::size_t kFilesAhead = 64;
constexpr off_t kReadAhead = 1 << 20;
// Chunks whose digests are taken together.
constexpr std::size_t kComparedAtOnce = 2u << 20;

class Verifier {
 public:
  Verifier(Store& store, FileSystem& fs, const Fd& top, const TreeVerifyOptions& options)
      : store_(store), fs_(fs), top_(top), options_(options) {}

  TreeVerifyReport run(const Digest& root) {
    const RootObject object = store_.read_root(root);
    total_ = object.totals.bytes;
    folders_.push_back({Fd{}, {}});
    const auto enter = [&](const SafePath& path, const TreeEntry& entry) {
      if (!skipping(path)) verify_entry(path, entry);
    };
    const auto leave = [&](const SafePath& path, const TreeEntry& entry) {
      if (skipping(path)) return;
      report_extra(path);
      if (options_.metadata) verify_metadata(path, entry, fs_.stat(folder()));
      folders_.pop_back();
    };
    store_.walk(root, enter, leave);
    while (!ahead_.empty()) verify_next();
    report_extra(SafePath{});
    // Files are read some time after what lies beside them was looked at.
    std::stable_sort(
        report_.differences.begin(), report_.differences.end(),
        [](const TreeDifference& a, const TreeDifference& b) { return a.path < b.path; });
    return std::move(report_);
  }

 private:
  using Kind = TreeDifference::Kind;

  struct Folder {
    Fd fd;
    std::set<std::string> expected;  // the names that belong here, for what is there besides
  };

  struct Opened {
    SafePath path;
    TreeEntry entry;
    struct stat status;
    Fd fd;
  };

  const Fd& folder() const { return folders_.size() == 1 ? top_ : folders_.back().fd; }

  bool skipping(const SafePath& path) {
    if (skipped_.empty()) return false;
    if (path.str() == skipped_ || path.str().starts_with(skipped_ + "/")) return true;
    skipped_.clear();
    return false;
  }

  void verify_entry(const SafePath& path, const TreeEntry& entry) {
    if (options_.extra) folders_.back().expected.insert(entry.name);
    const auto status = fs_.stat_at(folder(), entry.name);
    if (!status) {
      if (entry.type == EntryType::dir) skipped_ = path.str();
      return difference(path, "missing", Kind::missing);
    }
    switch (entry.type) {
      case EntryType::file:
        return verify_file(path, entry, *status);
      case EntryType::dir:
        if (!S_ISDIR(status->st_mode)) {
          skipped_ = path.str();
          return difference(path, "is no folder");
        }
        folders_.push_back({fs_.open_at(folder(), entry.name, kFolder, 0), {}});
        ++report_.read.dirs;
        return;
      case EntryType::symlink:
        ++report_.read.symlinks;
        if (!S_ISLNK(status->st_mode)) return difference(path, "is no symbolic link");
        if (fs_.read_link_at(folder(), entry.name) != entry.target) {
          difference(path, "leads elsewhere");
        }
        return;
      case EntryType::hardlink:
        return verify_hardlink(path, entry, *status);
    }
  }

  void verify_file(const SafePath& path, const TreeEntry& entry, const struct stat& status) {
    ++report_.read.files;
    if (!S_ISREG(status.st_mode)) return difference(path, "is no file");
    if (static_cast<std::uint64_t>(status.st_size) != entry.size) {
      return difference(path, "has " + std::to_string(status.st_size) + " bytes instead of " +
                                  std::to_string(entry.size));
    }
    Opened opened{path, entry, status, fs_.open_at(folder(), entry.name, kReadFile, 0)};
    if (options_.drop_cache) fs_.drop_cache(opened.fd);
    ::posix_fadvise(opened.fd.get(), 0, kReadAhead, POSIX_FADV_WILLNEED);
    ahead_.push_back(std::move(opened));
    if (ahead_.size() > kFilesAhead) verify_next();
  }

  void verify_next() {
    const Opened file = std::move(ahead_.front());
    ahead_.pop_front();
    if (!same_content(store_, fs_, file.entry, file.fd)) {
      difference(file.path, "content differs");
    } else if (options_.metadata) {
      verify_metadata(file.path, file.entry, file.status);
    }
    report_.read.bytes += file.entry.size;
    if (options_.progress) {
      courier::report(options_.progress,
                      {options_.phase, file.path.str(), report_.read.bytes, total_});
    }
  }

  void verify_hardlink(const SafePath& path, const TreeEntry& entry, const struct stat& status) {
    ++report_.read.hardlinks;
    const auto first = fs_.stat_at(top_, entry.target);
    if (!first || first->st_dev != status.st_dev || first->st_ino != status.st_ino) {
      difference(path, "is not the same file as " + escaped(entry.target));
    }
  }

  void verify_metadata(const SafePath& path, const TreeEntry& entry, const struct stat& status) {
    if ((status.st_mode & 07777) != written_mode(entry, options_.as)) {
      difference(path, "mode differs");
    }
    if (status.st_mtim.tv_sec != entry.mtime ||
        static_cast<std::uint32_t>(status.st_mtim.tv_nsec) != entry.mtime_ns) {
      difference(path, "modification time differs");
    }
  }

  void report_extra(const SafePath& path) {
    if (!options_.extra) return;
    for (const DirEntry& entry : fs_.list(folder())) {
      if (folders_.back().expected.contains(entry.name)) continue;
      if (SafeName::is_safe(entry.name)) {
        difference(path.child(SafeName::parse(entry.name)), "not part of the package", Kind::extra);
      }
    }
  }

  void difference(const SafePath& path, std::string what, Kind kind = Kind::different) {
    auto& count = kind == Kind::extra ? report_.extra_count : report_.difference_count;
    if (++count <= kMaxNamed) report_.differences.push_back({path.str(), kind, std::move(what)});
  }

  Store& store_;
  FileSystem& fs_;
  const Fd& top_;
  const TreeVerifyOptions& options_;
  TreeVerifyReport report_;
  std::vector<Folder> folders_;
  std::deque<Opened> ahead_;  // the kernel reads their beginnings meanwhile
  std::string skipped_;
  std::uint64_t total_ = 0;
};

// False when the file ends before.
bool read_at(FileSystem& fs, const Fd& file, std::uint64_t offset, MutableByteView out) {
  while (!out.empty()) {
    const std::size_t n = fs.pread(file, out, offset);
    if (n == 0) return false;
    offset += n;
    out = out.subspan(n);
  }
  return true;
}

}  // namespace

bool same_content(Store& store, FileSystem& fs, const TreeEntry& entry, const Fd& file) {
  ChunkLister chunks(store, entry);
  std::vector<ChunkRef> run;  // of the chunks that are compared together
  std::size_t run_size = 0;
  std::uint64_t offset = 0;
  Bytes buffer;
  ReadAhead ahead;
  const auto run_is_same = [&] {
    buffer.resize(run_size);
    ahead.reading(file, offset);
    if (!read_at(fs, file, offset, buffer)) return false;
    std::vector<ByteView> pieces;
    std::size_t at = 0;
    for (const ChunkRef& chunk : run) {
      pieces.push_back(ByteView(buffer).subspan(at, chunk.size));
      at += chunk.size;
    }
    const std::vector<Digest> digests = chunk_digests(pieces);
    return std::ranges::equal(digests, run, {}, {}, &ChunkRef::digest);
  };
  for (ChunkRef chunk; chunks.next(chunk);) {
    if (run_size + chunk.size > kComparedAtOnce) {
      if (!run_is_same()) return false;
      offset += run_size;
      run_size = 0;
      run.clear();
    }
    run.push_back(chunk);
    run_size += chunk.size;
  }
  if (!run_is_same()) return false;
  std::uint8_t more = 0;
  return fs.pread(file, MutableByteView(&more, 1), offset + run_size) == 0;
}

TreeVerifyReport verify_tree(Store& store, FileSystem& fs, const Digest& root, const Fd& dir,
                             const TreeVerifyOptions& options) {
  return Verifier(store, fs, dir, options).run(root);
}

}  // namespace courier
