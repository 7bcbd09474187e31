// Content of a package made by hand, also such as no program of ours would make.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/block.h"
#include "store/node_builder.h"
#include "store/tree.h"

namespace courier::test {

struct Content {
  std::vector<Block> blocks;
  Digest root;
  std::uint64_t bytes = 0, files = 0;
};

class ContentMaker {
 public:
  // Applied to the encoded directory nodes before they are named by their digests.
  using Patch = std::function<void(Bytes& encoded)>;

  TreeEntry file(const std::string& name, std::string_view text);
  // A file of several chunks, listed in nodes.
  TreeEntry long_file(const std::string& name, const std::vector<std::string>& chunks);
  TreeEntry link(const std::string& name, const std::string& target) const;
  TreeEntry hard_link(const std::string& name, const std::string& target) const;
  // Entries are sorted by name here. A patched folder is one node.
  TreeEntry dir(const std::string& name, std::vector<TreeEntry> entries, const Patch& patch = {});
  // The blocks and the root of what was made; `top` is the root folder's.
  Content finish(std::vector<TreeEntry> top, const Patch& patch = {});

  // Chunks are left out of the blocks from now on: content that is not in the parcel.
  void leave_out_chunks() { with_chunks_ = false; }

 private:
  Digest put(DigestKind kind, const Bytes& object);
  NodeSink nodes();

  BlockBuilder chunks_, nodes_;
  bool with_chunks_ = true;
  std::uint64_t bytes_ = 0, files_ = 0, dirs_ = 0, links_ = 0, hard_links_ = 0;
};

// Replaces the first `from` in the bytes by `to` of the same length.
ContentMaker::Patch renaming(std::string from, std::string to);

}  // namespace courier::test
