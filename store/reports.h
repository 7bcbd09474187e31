// What the store's larger operations ask for and tell: plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/progress.h"
#include "base/safe_path.h"
#include "store/block.h"
#include "store/tree.h"

namespace courier {

// Lists by name are cut here; the count beside them is always whole.
inline constexpr std::size_t kMaxNamed = 100;

struct Named {
  std::string path;  // raw bytes, from the top of the tree
  std::string what;  // "socket", "permission denied"
};

// What a stream of bytes is called as a file; the rest of its metadata is the same for all.
struct StreamName {
  std::string name;        // a SafeName
  std::int64_t mtime = 0;  // seconds since 1970
  std::uint32_t mtime_ns = 0;
};

// Changes an entry as it was read from a folder.
using AmendEntry = std::function<void(const SafePath& path, TreeEntry& entry)>;

struct SnapshotOptions {
  Level level = Level::standard;
  // Called for each folder and file, by one thread: gives them modes and times that the folder
  // itself does not show.
  AmendEntry amend;
  // Entries that cannot be read are left out and reported instead of ending the snapshot.
  bool skip_unreadable = false;
  ProgressSink progress;
};

struct SnapshotResult {
  Digest root;
  Totals totals;
  std::uint64_t new_objects = 0;   // that were not in the store before
  std::uint64_t new_bytes = 0;     // their size
  std::uint64_t stored_bytes = 0;  // what they take in packs
  std::vector<Named> odd;          // device nodes, sockets, fifos: not stored
  std::uint64_t odd_count = 0;
  std::vector<Named> unreadable;  // with skip_unreadable
  std::uint64_t unreadable_count = 0;
  std::vector<Digest> packs;  // written
};

// Where an object lies.
struct BlockRef {
  Digest pack;
  std::uint32_t block = 0;  // number within the pack
  auto operator<=>(const BlockRef&) const = default;
};

// A block that holds wanted objects, without its bytes.
struct StoredBlock {
  BlockRef ref;
  std::uint32_t objects = 0;
  std::uint32_t stored_size = 0;      // encoded, as it lies in its pack
  std::uint64_t raw_size = 0;         // of its objects
  std::uint64_t id = 0;               // of the block, while it is in the index
  std::vector<std::uint32_t> places;  // in the block, of each wanted object
};

struct ClosureResult {
  std::vector<Digest> missing;      // at most the limit asked for
  std::uint64_t missing_count = 0;  // what lies below a missing node is not known and not counted
  std::uint64_t objects = 0;        // reachable, each counted once for each node that names it
  std::uint64_t bytes = 0;          // of them
  // What is wrong with a node or root that is here, whole, and cannot be read as one: its maker
  // made it so, and having it sent again does not help. It counts as missing, too.
  std::optional<std::string> malformed;
  bool complete() const { return missing_count == 0; }
};

struct CheckProblem {
  Digest pack;
  std::int64_t block = -1;  // -1: the pack as a whole
  std::string what;
};

struct CheckReport {
  std::uint64_t packs = 0, blocks = 0, objects = 0, bytes = 0;
  std::vector<CheckProblem> problems;
  std::uint64_t problem_count = 0;
  bool clean() const { return problem_count == 0; }
};

struct GcRoots {
  std::vector<Digest> roots;         // package versions: root digests; one not here is no error
  std::vector<Digest> partial;       // the same, of which a part is yet to come
  std::vector<Digest> pinned_packs;  // kept whole: those of incoming parcels not yet Processed
};

struct GcReport {
  std::uint64_t live_objects = 0, live_bytes = 0;
  std::uint64_t dead_objects = 0, dead_bytes = 0;  // that nothing uses; bytes before compression
  // Bytes of packs that are (or would be) freed: packs of which nothing is used, and those worth
  // rewriting without their dead part.
  std::uint64_t reclaimable_bytes = 0;
  std::uint64_t packs_removed = 0, packs_rewritten = 0;
  std::uint64_t packs_left = 0;     // with too small a dead part to be worth rewriting
  std::uint64_t missing_nodes = 0;  // below roots that should be whole
  bool deleted = false;
};

struct StoreStats {
  std::uint64_t packs = 0, blocks = 0, chunks = 0, nodes = 0, roots = 0;
  std::uint64_t raw_bytes = 0;     // of the blocks' objects
  std::uint64_t stored_bytes = 0;  // of the packs
  std::uint64_t damaged_blocks = 0;
  std::uint64_t free_bytes = 0, total_bytes = 0;  // of the file system
};

}  // namespace courier
