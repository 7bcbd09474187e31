// Node builders: turn a file's chunks or a folder's entries, given in order, into nodes cut at
// entry boundaries, and those into the levels above. At most one node of each level is held.
//
// A node ends after an entry whose digest begins with a zero byte, once it has 32 entries, and
// after 1,024 in any case: a change moves the cuts around it and no others. Entry's digest: of a
// chunk or child its own; of a directory entry that of its name, so that a change of content moves
// no cut. A directory node also ends before an entry that would take it beyond 512 KiB.
#pragma once

#include <functional>
#include <vector>

#include "store/tree.h"

namespace courier {

inline constexpr std::size_t kMinNodeEntries = 32;
inline constexpr std::size_t kDirectoryNodeBytes = 512 * 1024;

// Stores an encoded node and returns its digest.
using NodeSink = std::function<Digest(Bytes encoded)>;

// The levels above the first: takes the nodes of level 0 in order.
class LevelBuilder {
 public:
  LevelBuilder(Node::Kind kind, const NodeSink& sink) : kind_(kind), sink_(&sink) {}
  void add(const NodeRef& node) { add(node, 0); }
  // The top node. Precondition: at least one node was added.
  NodeRef finish();

 private:
  void add(const NodeRef& node, std::size_t level);
  NodeRef flush(std::size_t level);

  Node::Kind kind_;
  const NodeSink* sink_;
  std::vector<std::vector<NodeRef>> pending_;  // by level; [0] holds nodes of level 0
};

class ChunkListBuilder {
 public:
  explicit ChunkListBuilder(const NodeSink& sink)
      : sink_(sink), levels_(Node::Kind::chunk_list, sink) {}
  void add(const ChunkRef& chunk);
  std::uint64_t size() const { return size_; }
  // Sets the entry's size, form and content; the builder can be used for the next file.
  void finish(TreeEntry& entry);
  // Forgets what was added.
  void reset();

 private:
  void flush();

  const NodeSink& sink_;
  LevelBuilder levels_;
  std::vector<ChunkRef> pending_;
  std::uint64_t size_ = 0;
  bool has_nodes_ = false;
};

class DirectoryBuilder {
 public:
  explicit DirectoryBuilder(const NodeSink& sink)
      : sink_(sink), levels_(Node::Kind::directory, sink) {}
  // Precondition: names come sorted.
  void add(TreeEntry entry);
  // Sets the folder's size and content.
  void finish(TreeEntry& folder);

 private:
  void flush();

  const NodeSink& sink_;
  LevelBuilder levels_;
  Node pending_;
  std::size_t pending_bytes_ = 0;
  std::uint64_t count_ = 0;
  bool has_nodes_ = false;
};

}  // namespace courier
