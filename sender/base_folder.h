// A folder as the nodes that its entries are in, for pairing two folders without holding all their
// entries at once.
#pragma once

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "store/base_map.h"
#include "store/tree.h"

namespace courier {

class Store;

struct FolderNodes {
  struct Known {
    std::uint8_t level = 0;
    std::string first;  // name of the first entry below it
    Digest digest;
    std::uint32_t size = 0;  // encoded
  };
  std::vector<Known> nodes;                // in the order in which their ends come
  std::vector<Digest> leaves;              // in order
  std::unordered_set<Digest> passed_over;  // by `enter`

  // enter: whether to look into a node. Errors: incomplete, damaged.
  void read(Store& store, const Digest& top, const std::function<bool(const Digest&)>& enter);
  // Adds for each node the old one of the same level that its first name falls into.
  void pair(FolderNodes& old, BaseMap& out);
};

// The entries of those leaves in order, one leaf in memory.
class FolderCursor {
 public:
  FolderCursor(Store& store, FolderNodes nodes);
  const TreeEntry* at() const;  // null at the end
  void next();

 private:
  void load();

  Store& store_;
  std::vector<Digest> leaves_;
  std::size_t leaf_ = 0, entry_ = 0;
  Node node_;
};

}  // namespace courier
