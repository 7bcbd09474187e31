// tree_verify: what lies in a folder against the tree that it should be. Used to read back what was
// written, and to find out later what became of it. Nothing is followed, nothing is changed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/progress.h"
#include "store/tree_writer.h"

namespace courier {

class Store;

struct TreeVerifyOptions {
  bool drop_cache = true;  // read past the page cache
  bool extra = true;       // report what is there besides the tree
  bool metadata = false;   // compare modes, file times and link counts as well
  TreeWriteOptions as;     // what the tree was written with (metadata)
  ProgressSink progress;
  std::string phase = "verifying";
};

struct TreeDifference {
  enum class Kind { missing, different, extra };
  std::string path;  // raw bytes, from the top of the tree; empty: the top itself
  Kind kind = Kind::different;
  std::string what;  // "missing", "content differs", "not part of the package", ...
};

struct TreeVerifyReport {
  Totals read;
  // By path; of what is extra the first kMaxNamed, of the rest the first kMaxNamed.
  std::vector<TreeDifference> differences;
  std::uint64_t difference_count = 0;  // missing or different
  std::uint64_t extra_count = 0;
  bool same() const { return difference_count == 0 && extra_count == 0; }
};

// Reads what lies in `dir` and compares it with the tree of `root`, by content, chunk by chunk. The
// chunks themselves need not be in the store, its nodes do.
// Errors: incomplete, damaged (nodes); device.
TreeVerifyReport verify_tree(Store& store, FileSystem& fs, const Digest& root, const Fd& dir,
                             const TreeVerifyOptions& options = {});

// Whether the open file holds exactly the entry's content. Reads from its start.
bool same_content(Store& store, FileSystem& fs, const TreeEntry& entry, const Fd& file);

}  // namespace courier
