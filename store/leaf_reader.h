// Leaf reader: the level-0 nodes of a chunk list or a directory, in order, one at a time, with
// every node checked against what is said of it above.
#pragma once

#include <vector>

#include "store/tree.h"

namespace courier {

class Store;

class LeafReader {
 public:
  // size: what the nodes must add up to, bytes or entries. No node when it is 0.
  LeafReader(Store& store, Node::Kind kind, const Digest& top, std::uint64_t size);
  // False at the end. Errors: incomplete; damaged.
  bool next(Node& out);

 private:
  struct Level {
    Node node;
    std::size_t next = 0;
  };
  Node load(const NodeRef& ref, int level);

  Store& store_;
  Node::Kind kind_;
  NodeRef top_;
  bool begun_ = false;
  std::vector<Level> path_;
};

}  // namespace courier
