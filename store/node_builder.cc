#include "store/node_builder.h"

#include "base/codec.h"
#include "base/error.h"
#include "store/tree_encoding.h"

namespace courier {

namespace {

bool ends_node(std::size_t entries, const Digest& digest) {
  return entries >= kMaxNodeEntries || (entries >= kMinNodeEntries && digest.bytes[0] == 0);
}

}  // namespace

void LevelBuilder::add(const NodeRef& node, std::size_t level) {
  if (pending_.size() <= level) pending_.emplace_back();
  pending_[level].push_back(node);
  if (ends_node(pending_[level].size(), node.digest)) {
    const NodeRef above = flush(level);
    add(above, level + 1);
  }
}

NodeRef LevelBuilder::flush(std::size_t level) {
  Node node;
  node.kind = kind_;
  node.level = static_cast<std::uint8_t>(level + 1);
  node.children = std::move(pending_[level]);
  pending_[level] = {};
  if (node.level > kMaxNodeLevel) bug("more levels of nodes than any content needs");
  NodeRef above;
  for (const auto& child : node.children) above.size += child.size;
  above.digest = (*sink_)(encode(node));
  return above;
}

NodeRef LevelBuilder::finish() {
  for (std::size_t level = 0;; ++level) {
    if (level >= pending_.size()) bug("a node list without a node");
    const bool is_top = level + 1 >= pending_.size();
    if (is_top && pending_[level].size() == 1) {
      const NodeRef top = pending_[level].front();
      pending_.clear();
      return top;
    }
    if (pending_[level].empty()) continue;
    const NodeRef above = flush(level);
    if (pending_.size() <= level + 1) pending_.emplace_back();
    pending_[level + 1].push_back(above);
  }
}

void ChunkListBuilder::add(const ChunkRef& chunk) {
  pending_.push_back(chunk);
  size_ += chunk.size;
  if (ends_node(pending_.size(), chunk.digest)) flush();
}

void ChunkListBuilder::flush() {
  Node node;
  node.kind = Node::Kind::chunk_list;
  node.chunks = std::move(pending_);
  pending_ = {};
  NodeRef ref;
  for (const auto& chunk : node.chunks) ref.size += chunk.size;
  ref.digest = sink_(encode(node));
  levels_.add(ref);
  has_nodes_ = true;
}

void ChunkListBuilder::finish(TreeEntry& entry) {
  entry.size = size_;
  if (size_ == 0) {
    entry.form = ContentForm::none;
    entry.content = Digest{};
  } else if (!has_nodes_ && pending_.size() == 1) {
    entry.form = ContentForm::chunk;
    entry.content = pending_.front().digest;
  } else {
    if (!pending_.empty()) flush();
    entry.form = ContentForm::list;
    entry.content = levels_.finish().digest;
  }
  reset();
}

void ChunkListBuilder::reset() {
  levels_ = LevelBuilder(Node::Kind::chunk_list, sink_);
  pending_.clear();
  size_ = 0;
  has_nodes_ = false;
}

void DirectoryBuilder::add(TreeEntry entry) {
  Encoder encoded;
  encode_entry(encoded, entry);
  if (!pending_.entries.empty() && pending_bytes_ + encoded.size() > kDirectoryNodeBytes) flush();
  pending_bytes_ += encoded.size();
  const Digest digest = digest_of(DigestKind::node, as_bytes(entry.name));
  pending_.entries.push_back(std::move(entry));
  ++count_;
  if (ends_node(pending_.entries.size(), digest)) flush();
}

void DirectoryBuilder::flush() {
  pending_.kind = Node::Kind::directory;
  NodeRef ref;
  ref.size = pending_.entries.size();
  ref.digest = sink_(encode(pending_));
  pending_ = {};
  pending_bytes_ = 0;
  levels_.add(ref);
  has_nodes_ = true;
}

void DirectoryBuilder::finish(TreeEntry& folder) {
  if (!pending_.entries.empty()) flush();
  folder.size = count_;
  folder.content = has_nodes_ ? levels_.finish().digest : Digest{};
}

}  // namespace courier
