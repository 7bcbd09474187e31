#include "sender/base_files.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "store/store.h"

namespace courier {
namespace {

constexpr std::uint64_t kSlack = 512u << 10;      // around a place that is guessed
constexpr std::uint64_t kSureSlack = 128u << 10;  // between two neighbours that are unchanged
constexpr std::uint64_t kMaxDrift = 1u << 20;     // between the places that two neighbours tell
constexpr std::size_t kMaxMarks = 1u << 20;       // in memory, of one old file: 16 MiB
constexpr std::size_t kMaxRun = 1u << 18;         // chunks between two neighbours: 12 MiB

std::uint64_t key_of(const Digest& digest) {
  std::uint64_t key;
  std::memcpy(&key, digest.bytes.data(), sizeof key);
  return key;
}

// Where a chunk or list node begins in a file.
struct Mark {
  std::uint64_t key = 0, offset = 0;
};

// Those that are there once. A file with more than fit has a share of them, taken by their digests,
// so that the same ones are looked for in the new file.
class Marks {
 public:
  void add(const Digest& digest, std::uint64_t offset) {
    const std::uint64_t key = key_of(digest);
    if ((key & mask_) != 0) return;
    marks_.push_back({key, offset});
    if (marks_.size() < kMaxMarks) return;
    mask_ = mask_ << 1 | 1;
    std::erase_if(marks_, [&](const Mark& mark) { return (mark.key & mask_) != 0; });
  }

  void sort() {
    std::sort(marks_.begin(), marks_.end(),
              [](const Mark& a, const Mark& b) { return a.key < b.key; });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < marks_.size();) {
      std::size_t end = i + 1;
      while (end < marks_.size() && marks_[end].key == marks_[i].key) ++end;
      if (end == i + 1) marks_[kept++] = marks_[i];
      i = end;
    }
    marks_.resize(kept);
  }

  std::optional<std::uint64_t> find(const Digest& digest) const {
    const std::uint64_t key = key_of(digest);
    const auto found = std::lower_bound(marks_.begin(), marks_.end(), key,
                                        [](const Mark& a, std::uint64_t k) { return a.key < k; });
    if (found == marks_.end() || found->key != key) return std::nullopt;
    return found->offset;
  }

 private:
  std::vector<Mark> marks_;
  std::uint64_t mask_ = 0;
};

// What an addressee lacks.
struct Hole {
  std::uint64_t first = 0, end = 0;
};

struct OldNode {
  std::uint8_t level = 0;
  std::uint64_t offset = 0;
  Digest digest;
  std::uint32_t size = 0;  // encoded
};

}  // namespace

struct BaseFiles::OldFile {
  BasePlace whole;
  std::vector<Hole> holes;  // by offset
  Marks marks;
  std::vector<OldNode> nodes;  // of each level by offset
};

// Follows the new file and tells the places.
class BaseFiles::Walk {
 public:
  Walk(BaseFiles& files, const OldFile& old, std::uint64_t fresh_size)
      : files_(files), old_(old), fresh_size_(std::max<std::uint64_t>(fresh_size, 1)) {}

  void chunk(const Digest& digest, std::uint64_t size) {
    if (files_.needed_.contains(digest)) {
      run_.push_back({digest, offset_, size});
      if (run_.size() == kMaxRun) flush(std::nullopt);
    } else {
      anchor(digest, size);
    }
    offset_ += size;
  }

  void node(const Digest& digest, std::uint64_t size) {
    if (!files_.needed_.contains(digest)) {
      anchor(digest, size);
      offset_ += size;
      return;
    }
    const Node node = files_.store_.read_node(digest);
    pair_node(digest, node.level);
    for (const ChunkRef& c : node.chunks) chunk(c.digest, c.size);
    for (const NodeRef& child : node.children) this->node(child.digest, child.size);
  }

  void end() { flush(std::nullopt); }

 private:
  struct Wanted {
    Digest digest;
    std::uint64_t offset = 0, size = 0;
  };
  // The same bytes in both files.
  struct Anchor {
    std::uint64_t fresh = 0, old = 0, size = 0;
  };

  void anchor(const Digest& digest, std::uint64_t size) {
    const auto old = old_.marks.find(digest);
    if (!old) return;
    const Anchor here{offset_, *old, size};
    flush(here);
    last_ = here;
  }

  std::uint64_t guessed(std::uint64_t offset) const {
    if (last_) return last_->old + (offset - last_->fresh);
    const double share = static_cast<double>(offset) / static_cast<double>(fresh_size_);
    return fresh_size_ == old_.whole.ceiling
               ? offset
               : static_cast<std::uint64_t>(share * static_cast<double>(old_.whole.ceiling));
  }

  void pair_node(const Digest& digest, std::uint8_t level) {
    const std::uint64_t at = guessed(offset_);
    const OldNode* best = nullptr;
    for (auto node = std::lower_bound(old_.nodes.begin(), old_.nodes.end(), level,
                                      [](const OldNode&a, std::uint8_t l) { return a.level < l; });
         node != old_.nodes.end() && node->level == level && (!best || node->offset <= at);
         ++node) {
      best = &*node;
    }
    if (best) {
      files_.out_.add(digest, {BaseForm::object, best->digest, 0, best->size, 0, best->size, 0});
    }
  }

  void flush(const std::optional<Anchor>& next) {
    for (const Wanted& wanted : run_) {
      files_.out_.add(wanted.digest, place_of(wanted, next));
    }
    run_.clear();
  }

  BasePlace place_of(const Wanted& wanted, const std::optional<Anchor>& next) const {
    BasePlace place = old_.whole;
    if (place.form == BaseForm::object) return place;  // small: all of it
    std::uint64_t first = guessed(wanted.offset), last = first;
    place.slack = kSlack;
    if (next) {
      const std::uint64_t back = next->fresh - wanted.offset;
      const std::uint64_t after = next->old - std::min(next->old, back);
      const std::uint64_t drift = first > after ? first - after : after - first;
      if (!last_ || (drift > kMaxDrift && back < wanted.offset - last_->fresh)) {
        first = last = after;
      } else if (drift <= kMaxDrift) {
        first = std::min(first, after);
        last = first + drift;
        place.slack = kSureSlack;
      }
    }
    for (const Hole& hole : old_.holes) {
      if (hole.end <= first) {
        place.floor = hole.end;
        continue;
      }
      // What is expected in the hole itself is looked for before it.
      place.ceiling = std::max(place.floor, hole.first);
      break;
    }
    place.first = std::clamp(first, place.floor, place.ceiling);
    place.end = std::clamp(last + wanted.size, place.first, place.ceiling);
    return place;
  }

  BaseFiles& files_;
  const OldFile& old_;
  const std::uint64_t fresh_size_;
  std::uint64_t offset_ = 0;
  std::optional<Anchor> last_;
  std::vector<Wanted> run_;  // since then
};

void BaseFiles::pair(const TreeEntry& fresh, const TreeEntry& old) {
  if (fresh.form == ContentForm::none || old.form == ContentForm::none) return;
  if (fresh.content == old.content || !needed_.contains(fresh.content)) return;
  OldFile known;
  if (!read_old(old, known)) return;
  Walk walk(*this, known, fresh.size);
  if (fresh.form == ContentForm::chunk) {
    walk.chunk(fresh.content, fresh.size);
  } else {
    walk.node(fresh.content, fresh.size);
  }
  walk.end();
}

// False when there is nothing in it that could be a base.
bool BaseFiles::read_old(const TreeEntry& old, OldFile& out) {
  if (lacking_.contains(old.content)) return false;
  const bool is_list = old.form == ContentForm::list;
  out.whole = {
      is_list ? BaseForm::content : BaseForm::object, old.content, 0, old.size, 0, old.size, 0};
  if (!is_list) {
    out.marks.add(old.content, 0);
    return true;
  }
  std::uint64_t offset = 0;
  read_old_node({old.content, old.size}, out, offset);
  out.marks.sort();
  std::stable_sort(out.nodes.begin(), out.nodes.end(),
                   [](const OldNode& a, const OldNode& b) { return a.level < b.level; });
  return true;
}

void BaseFiles::read_old_node(const NodeRef& ref, OldFile& out, std::uint64_t& offset) {
  const auto pass_over = [&](std::uint64_t size) {
    out.holes.push_back({offset, offset + size});
    offset += size;
  };
  if (lacking_.contains(ref.digest)) return pass_over(ref.size);
  const Bytes encoded = store_.read(ref.digest, DigestKind::node);
  const Node node = decode_node(encoded);
  out.nodes.push_back({node.level, offset, ref.digest, static_cast<std::uint32_t>(encoded.size())});
  out.marks.add(ref.digest, offset);
  for (const ChunkRef& chunk : node.chunks) {
    if (lacking_.contains(chunk.digest)) {
      pass_over(chunk.size);
      continue;
    }
    out.marks.add(chunk.digest, offset);
    offset += chunk.size;
  }
  for (const NodeRef& child : node.children) read_old_node(child, out, offset);
}

}  // namespace courier
