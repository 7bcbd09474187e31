// RecordCut: where a record of objects gathered out of several blocks ends. The one rule for those
// who make such records and for those who only count them.
#pragma once

#include <cstdint>

#include "store/block.h"

namespace courier {

inline constexpr std::uint64_t kGatheredRaw = 2u << 20;  // a gathered record ends before it passes
static_assert(kGatheredRaw + kMaxObjectSize <= kMaxBlockRaw);

// An estimate: its share of the block it comes from.
inline std::uint64_t gathered_size(std::uint32_t size, std::uint32_t block_stored,
                                   std::uint64_t block_raw) {
  return std::uint64_t{size} * block_stored / block_raw + 1;
}

// Each of its functions says whether the record that was open until now has ended.
class RecordCut {
 public:
  // The next object begins a record or joins the open one.
  bool add(bool is_node, std::uint32_t size) {
    const bool has_ended = count_ > 0 && (is_node != has_nodes_ || count_ == kMaxBlockObjects ||
                                          raw_ + size > kGatheredRaw);
    if (has_ended) end();
    raw_ += size;
    ++count_;
    has_nodes_ = is_node;
    return has_ended;
  }
  // Data comes next, gathered or not: nodes stay before it.
  bool end_nodes() { return has_nodes_ && end(); }
  bool end() {
    const bool has_ended = count_ > 0;
    raw_ = count_ = 0;
    return has_ended;
  }

 private:
  std::uint64_t raw_ = 0, count_ = 0;
  bool has_nodes_ = false;
};

}  // namespace courier
