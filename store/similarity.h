// Similarity: where old content has what is nearly new content, found without any path or offset.
//
// Content chooses marks in itself: a place is one where a hash of the 24 bytes before it has ten
// zero bits, so about one in 1,024 bytes, wherever the bytes lie. Marks that new content shares
// with old content vote for the region of old content that it is to be coded against
// (block_against.h). Unlike whole chunks, marks outlive a new link of a program: a tenth of them is
// enough. No guess by path finds where a library within a program of 100 MB, or a file within an
// image of a disk, has gone; and of a file that is small or was not moved, it finds the place too.
//
// How a sender would use it: one index for an item, to which it adds the old content that all
// addressees have proved to hold and that is worth reading (files that changed, by any name); then,
// for each block that it is to code, the regions found are the base, or what its path says where
// none are. Costs one pass over the old content at about 1 GB/s of a core, and 16 bytes for each
// KiB of it, until kMaxMarks; more old content is sampled more sparsely.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace courier {

// Where marks are counted, and what a region is made of.
inline constexpr std::uint32_t kSimilarityGranule = 32u << 10;

struct SimilarRange {
  std::uint32_t content = 0;  // the number that it was added by
  std::uint64_t offset = 0;
  std::uint32_t length = 0;
  bool operator==(const SimilarRange&) const = default;
};

// Whether more than a few marks of `fresh` are in `old`: in compressed content, which is the same
// in long stretches or not at all, no difference is worth looking for otherwise. Two passes.
bool is_like(ByteView fresh, ByteView old);

class SimilarityIndex {
 public:
  static constexpr std::size_t kMaxMarks = 4u << 20;  // 64 MiB

  // Adds a part of old content. content: the caller's number for a file or object. Parts may come
  // in any order and size; from about 64 KiB on they find all that the whole would.
  // Precondition: offset + part.size() is at most 2^47.
  void add(std::uint32_t content, std::uint64_t offset, ByteView part);

  // Call after the last add(), before find().
  void finish();

  // The old content that is most like `fresh`, at most `most` bytes together, by content and
  // offset; nothing when no more than a mark here or there is shared. Thread-safe.
  std::vector<SimilarRange> find(ByteView fresh, std::size_t most) const;

 private:
  struct Mark {
    std::uint64_t key = 0;
    std::uint32_t content = 0, granule = 0;
    auto operator<=>(const Mark&) const = default;
  };

  void thin_out();

  std::vector<Mark> marks_;
  std::vector<std::uint64_t> sizes_;  // by content: where the last part ends
  std::uint64_t left_out_ = 0;        // marks whose keys have one of these bits are
};

}  // namespace courier
