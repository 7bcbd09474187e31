// Base content: the bytes that the base ranges of a block name. The sender reads them to code new
// content against them, the receiver to decode it: both the same way.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "store/block_against.h"
#include "store/store_impl.h"

namespace courier {
namespace {

Error no_such_range(const Digest& object) {
  return Error(ErrorCode::incomplete, "object " + object.brief(),
               "is not as large as the range of it that is a base");
}

// Reads ranges of objects and of files. Ranges mostly follow each other in one file, so the nodes
// that led to the last one are kept.
class BaseReader {
 public:
  BaseReader(Store::Impl& store, Bytes& out) : store_(store), out_(out) {}

  void read(const BaseRange& range) {
    if (range.form == BaseForm::content) {
      read_content(range.object, 0, std::nullopt, range.offset, range.length);
    } else {
      append(store_.find(range.object), range.object, range.offset, range.length);
    }
  }

 private:
  void append(const Store::Impl::Found& found, const Digest& object, std::uint64_t offset,
              std::uint64_t length) {
    const ByteView bytes = found.block->object(found.position);
    if (offset > bytes.size() || length > bytes.size() - offset) throw no_such_range(object);
    const ByteView part = bytes.subspan(offset, length);
    out_.insert(out_.end(), part.begin(), part.end());
  }

  void append_chunk(const ChunkRef& chunk, std::uint64_t offset, std::uint64_t length) {
    const Store::Impl::Found found = store_.find(chunk.digest);
    const BlockObject& object = found.block->objects[found.position];
    if (object.kind != DigestKind::chunk || object.size != chunk.size) {
      throw Error(ErrorCode::damaged, "chunk " + chunk.digest.brief(),
                  "is not as the list that names it says");
    }
    append(found, chunk.digest, offset, length);
  }

  // The node at this depth of the path that is being followed.
  const Node& node_at(const Digest& digest, std::size_t depth) {
    if (depth < path_.size() && path_[depth].first == digest) return path_[depth].second;
    Node node = store_.read_node(digest);
    path_.resize(depth);
    path_.emplace_back(digest, std::move(node));
    return path_[depth].second;
  }

  // above: the level of the node above; none at the top. Levels fall, so this ends.
  void read_content(const Digest& top, std::size_t depth, std::optional<std::uint8_t> above,
                    std::uint64_t offset, std::uint64_t length) {
    const Node& node = node_at(top, depth);
    if (node.kind != Node::Kind::chunk_list || (above && node.level + 1 != *above)) {
      throw Error(ErrorCode::incomplete, "node " + top.brief(), "is no chunk list in its place");
    }
    const std::uint64_t end = offset + length;
    std::uint64_t at = 0, covered = 0;
    // What of the range lies in the next `size` bytes, from where they begin.
    const auto next_part = [&](std::uint64_t size) {
      if (size > kMaxContent - at) throw no_such_range(top);
      const std::uint64_t first = std::max(at, offset), last = std::min(at + size, end);
      const std::pair part{first - at, last > first ? last - first : 0};
      at += size;
      covered += part.second;
      return part;
    };
    for (const ChunkRef& chunk : node.chunks) {
      if (at >= end) break;
      const auto [first, count] = next_part(chunk.size);
      if (count > 0) append_chunk(chunk, first, count);
    }
    struct Below {
      Digest digest;
      std::uint64_t first, count;
    };
    std::vector<Below> below;  // read when `node` is no longer needed: the path changes
    for (const NodeRef& child : node.children) {
      if (at >= end) break;
      const auto [first, count] = next_part(child.size);
      if (count > 0) below.push_back({child.digest, first, count});
    }
    const std::uint8_t level = node.level;
    if (covered != length) throw no_such_range(top);
    for (const Below& part : below) {
      read_content(part.digest, depth + 1, level, part.first, part.count);
    }
  }

  static constexpr std::uint64_t kMaxContent = (1ull << 63) - 1;

  Store::Impl& store_;
  Bytes& out_;
  std::vector<std::pair<Digest, Node>> path_;
};

}  // namespace

std::vector<BaseRange> Store::complete_names(std::vector<BaseRange> ranges) {
  const ChunkIndex::Burst burst(impl_->index);
  Digest short_name, name;
  for (BaseRange& range : ranges) {
    if (range.object != short_name) {
      const auto found = impl_->index.find_name(range.object, kShortName);
      if (!found) {
        throw Error(ErrorCode::incomplete, "object " + range.object.brief(), "is not in the store");
      }
      short_name = range.object;
      name = *found;
    }
    range.object = name;
  }
  return ranges;
}

Bytes Store::read_base(const std::vector<BaseRange>& ranges) {
  std::uint64_t sum = 0;
  for (const BaseRange& range : ranges) sum += range.length;
  if (ranges.size() > kMaxBaseRanges || sum > kMaxBase) {
    throw Error(ErrorCode::damaged, "base", "is larger than one may be");
  }
  Bytes out;
  out.reserve(sum);
  BaseReader reader(*impl_, out);
  for (const BaseRange& range : ranges) reader.read(range);
  return out;
}

}  // namespace courier
