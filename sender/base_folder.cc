#include "sender/base_folder.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "store/store.h"

namespace courier {
namespace {

// Returns the name of the first entry below the node.
std::string read_node(Store& store, const Digest& digest,
                      const std::function<bool(const Digest&)>& enter, FolderNodes& out) {
  if (!enter(digest)) {
    out.passed_over.insert(digest);
    return "";
  }
  const Bytes encoded = store.read(digest, DigestKind::node);
  const Node node = decode_node(encoded);
  std::string first;
  if (node.level == 0) {
    out.leaves.push_back(digest);
    if (!node.entries.empty()) first = node.entries.front().name;
  }
  for (const NodeRef& child : node.children) {
    std::string name = read_node(store, child.digest, enter, out);
    if (first.empty()) first = std::move(name);
  }
  out.nodes.push_back({node.level, first, digest, static_cast<std::uint32_t>(encoded.size())});
  return first;
}

}  // namespace

void FolderNodes::read(Store& store, const Digest& top,
                       const std::function<bool(const Digest&)>& enter) {
  read_node(store, top, enter, *this);
}

void FolderNodes::pair(FolderNodes& old, BaseMap& out) {
  const auto place = [](const Known& node) { return std::tie(node.level, node.first); };
  std::sort(old.nodes.begin(), old.nodes.end(),
            [&](const Known& a, const Known& b) { return place(a) < place(b); });
  for (const Known& node : nodes) {
    auto found =
        std::upper_bound(old.nodes.begin(), old.nodes.end(), node,
                         [&](const Known& a, const Known& b) { return place(a) < place(b); });
    if (found != old.nodes.begin() && std::prev(found)->level == node.level) --found;
    if (found == old.nodes.end() || found->level != node.level) continue;
    out.add(node.digest, {BaseForm::object, found->digest, 0, found->size, 0, found->size, 0});
  }
}

FolderCursor::FolderCursor(Store& store, FolderNodes nodes)
    : store_(store), leaves_(std::move(nodes.leaves)) {
  load();
}

const TreeEntry* FolderCursor::at() const {
  return entry_ < node_.entries.size() ? &node_.entries[entry_] : nullptr;
}

void FolderCursor::next() {
  if (++entry_ < node_.entries.size()) return;
  ++leaf_;
  load();
}

void FolderCursor::load() {
  node_ = {};
  entry_ = 0;
  if (leaf_ < leaves_.size()) node_ = store_.read_node(leaves_[leaf_]);
}

}  // namespace courier
