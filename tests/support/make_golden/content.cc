#include "tests/support/make_golden/content.h"

#include <algorithm>
#include <stdexcept>

namespace courier::test {

namespace {
constexpr std::int64_t kTime = 1'700'000'000;
}

Digest ContentMaker::put(DigestKind kind, const Bytes& object) {
  const Digest digest = digest_of(kind, object);
  BlockBuilder& builder = kind == DigestKind::chunk ? chunks_ : nodes_;
  if (kind != DigestKind::chunk || with_chunks_) builder.add(kind, digest, object);
  return digest;
}

NodeSink ContentMaker::nodes() {
  return [this](const Bytes& encoded) { return put(DigestKind::node, encoded); };
}

TreeEntry ContentMaker::file(const std::string& name, std::string_view text) {
  TreeEntry entry;
  entry.name = name;
  entry.mode = 0644;
  entry.mtime = kTime;
  entry.size = text.size();
  if (!text.empty()) {
    entry.form = ContentForm::chunk;
    entry.content = put(DigestKind::chunk, to_bytes(as_bytes(text)));
  }
  bytes_ += text.size();
  ++files_;
  return entry;
}

TreeEntry ContentMaker::long_file(const std::string& name, const std::vector<std::string>& chunks) {
  TreeEntry entry;
  entry.name = name;
  entry.mode = 0644;
  entry.mtime = kTime;
  const NodeSink sink = nodes();
  ChunkListBuilder list(sink);
  for (const std::string& chunk : chunks) {
    list.add({put(DigestKind::chunk, to_bytes(as_bytes(chunk))),
              static_cast<std::uint32_t>(chunk.size())});
  }
  list.finish(entry);
  bytes_ += entry.size;
  ++files_;
  return entry;
}

TreeEntry ContentMaker::link(const std::string& name, const std::string& target) const {
  TreeEntry entry;
  entry.name = name;
  entry.type = EntryType::symlink;
  entry.mode = 0777;
  entry.mtime = kTime;
  entry.target = target;
  return entry;
}

TreeEntry ContentMaker::hard_link(const std::string& name, const std::string& target) const {
  TreeEntry entry;
  entry.name = name;
  entry.type = EntryType::hardlink;
  entry.target = target;
  return entry;
}

TreeEntry ContentMaker::dir(const std::string& name, std::vector<TreeEntry> entries,
                            const Patch& patch) {
  std::ranges::sort(entries, {}, &TreeEntry::name);
  for (const auto& entry : entries) {
    links_ += entry.type == EntryType::symlink;
    hard_links_ += entry.type == EntryType::hardlink;
    dirs_ += entry.type == EntryType::dir;
  }
  TreeEntry entry;
  entry.name = name;
  entry.type = EntryType::dir;
  entry.mode = 0755;
  entry.mtime = kTime;
  if (!patch) {
    const NodeSink sink = nodes();
    DirectoryBuilder folder(sink);
    for (TreeEntry& one : entries) folder.add(std::move(one));
    folder.finish(entry);
    return entry;
  }
  entry.size = entries.size();
  Node node;
  node.entries = std::move(entries);
  Bytes encoded = encode(node);
  patch(encoded);
  entry.content = put(DigestKind::node, encoded);
  return entry;
}

Content ContentMaker::finish(std::vector<TreeEntry> top, const Patch& patch) {
  RootObject root;
  root.folder = dir("", std::move(top), patch);
  root.totals = {files_, dirs_, links_, hard_links_, bytes_};
  Content content;
  content.root = put(DigestKind::root, encode(root));
  content.bytes = bytes_;
  content.files = files_;
  content.blocks.push_back(compress_block(nodes_.take(), Level::fast));
  if (!chunks_.empty()) content.blocks.push_back(compress_block(chunks_.take(), Level::fast));
  return content;
}

ContentMaker::Patch renaming(std::string from, std::string to) {
  return [from = std::move(from), to = std::move(to)](Bytes& encoded) {
    const auto at = std::search(encoded.begin(), encoded.end(), from.begin(), from.end());
    if (at == encoded.end() || from.size() != to.size()) {
      throw std::runtime_error("nothing to rename");
    }
    std::ranges::copy(to, at);
  };
}

}  // namespace courier::test
