// tree_writer: makes a package version's folders, files and links beneath a folder. Shared by
// export and by distribution. Nothing is followed, nothing leaves the folder. tree_verify.h reads
// back.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/progress.h"
#include "base/safe_path.h"
#include "store/reports.h"
#include "store/tree.h"

namespace courier {

class Store;

struct TreeWriteOptions {
  bool set_ids = false;  // set setuid and setgid bits; else they are left out
  // A DP's own: permission bits of files (folders get x wherever they get r), owner and group.
  std::optional<mode_t> mode;
  std::optional<uid_t> owner;
  std::optional<gid_t> group;
  bool xattrs = true;  // where the target has none, they are reported once as a problem
  // Asked before a regular file is written: may put the same content in place itself (a hard link
  // or a reflink of an identical file) as `name` in `dir`. Returns false when it did not; the
  // content is then written from the store. Mode, times and attributes are set in both cases unless
  // it returns `shared`, which says that the inode belongs to another tree as well.
  enum class Taken { no, copied, shared };
  std::function<Taken(const SafePath& path, const TreeEntry& entry, const Fd& dir,
                      const std::string& name)>
      take;
  ProgressSink progress;  // bytes of content
  std::string phase = "writing";
};

// The mode that an entry gets with these options.
mode_t written_mode(const TreeEntry& entry, const TreeWriteOptions& options);

struct TreeWriteReport {
  Totals written;
  std::uint64_t bytes_taken = 0;  // put in place by `take`
  // By name: what the target cannot hold (names, links, attributes). The rest is in place.
  std::vector<Named> problems;
  std::uint64_t problem_count = 0;
  std::uint64_t attribute_problems = 0;  // of them: extended attributes only, content and name fit
};

// Writes the content of a file entry into the open empty file; long runs of zeros become holes.
// Errors: incomplete, damaged (content); no_space, device (target).
void write_content(Store& store, FileSystem& fs, const TreeEntry& entry, const Fd& file,
                   const std::function<void(std::uint64_t bytes)>& progress = {});

// Writes the tree of `root` into the empty folder `dir`; the folder itself gets the root's mode and
// time last. Not synced: the caller syncs once for all.
// Errors: incomplete, damaged (content); no_space, device (target).
// Ensures: after a failure what was written stays, to be removed by the caller with its staging.
TreeWriteReport write_tree(Store& store, FileSystem& fs, const Digest& root, const Fd& dir,
                           const TreeWriteOptions& options = {});

}  // namespace courier
