#include "store/leaf_reader.h"

#include "base/error.h"
#include "store/store.h"

namespace courier {

LeafReader::LeafReader(Store& store, Node::Kind kind, const Digest& top, std::uint64_t size)
    : store_(store), kind_(kind), top_{top, size} {}

// level: what it must be, or -1 for any.
Node LeafReader::load(const NodeRef& ref, int level) {
  Node node = store_.read_node(ref.digest);
  const auto fail = [&](const char* what) {
    return Error(ErrorCode::damaged, "node " + ref.digest.brief(), what);
  };
  if (node.kind != kind_) throw fail("is of another kind than the node above it says");
  if (level >= 0 && node.level != level) throw fail("is not one level below the node above it");
  std::uint64_t sum = 0;
  const auto add = [&](std::uint64_t n) {
    if (n > UINT64_MAX - sum) throw fail("its sizes add up to more than 64 bits hold");
    sum += n;
  };
  for (const auto& child : node.children) add(child.size);
  for (const auto& chunk : node.chunks) add(chunk.size);
  add(node.entries.size());
  if (sum != ref.size) throw fail("does not have the size that is said of it above");
  return node;
}

bool LeafReader::next(Node& out) {
  NodeRef ref;
  int level = -1;
  if (!begun_) {
    begun_ = true;
    if (top_.size == 0) return false;
    ref = top_;
  } else {
    while (!path_.empty() && path_.back().next == path_.back().node.children.size()) {
      path_.pop_back();
    }
    if (path_.empty()) return false;
    Level& above = path_.back();
    ref = above.node.children[above.next++];
    level = above.node.level - 1;
  }
  for (;;) {
    Node node = load(ref, level);
    if (node.level == 0) {
      out = std::move(node);
      return true;
    }
    level = node.level - 1;
    ref = node.children.front();
    path_.push_back({std::move(node), 1});
  }
}

}  // namespace courier
