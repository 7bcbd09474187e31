#include "store/similarity.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "store/chunker.h"

namespace courier {

namespace {

constexpr std::size_t kMarkBytes = 24;
// Bit n of a gear hash depends on the last n + 1 bytes.
constexpr std::uint64_t kMarkBits = 0x3ffull << (kMarkBytes - 10);
// A key that is in more places than this says little about any of them.
constexpr std::size_t kMaxPlaces = 4;
// Content of which fewer marks are shared repeats, beside a few bytes by chance, nothing.
constexpr std::size_t kOneMarkIn = 256;
// In quarters of a mark: what a granule has to have.
constexpr std::uint32_t kFullVote = 4, kEnoughVotes = 2 * kFullVote;

std::uint64_t key_of(const std::uint8_t* end) {
  std::uint64_t key = 0;
  for (const std::uint8_t* p = end - kMarkBytes; p != end; p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    key = (key ^ word) * 0x9e3779b97f4a7c15u;
    key ^= key >> 29;
  }
  return key * 0xbf58476d1ce4e5b9u;
}

// tell(offset of the byte before the mark, key)
template <typename Tell>
void for_each_mark(ByteView content, const Tell& tell) {
  const std::uint8_t* const p = content.data();
  const auto& gear = gear_table();
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < content.size(); ++i) {
    hash = (hash << 1) + gear[p[i]];
    if ((hash & kMarkBits) == 0 && i + 1 >= kMarkBytes) tell(i, key_of(p + i + 1));
  }
}

}  // namespace

bool is_like(ByteView fresh, ByteView old) {
  std::vector<std::uint64_t> keys;
  for_each_mark(old, [&](std::size_t, std::uint64_t key) { keys.push_back(key); });
  std::sort(keys.begin(), keys.end());
  std::size_t all = 0, shared = 0;
  for_each_mark(fresh, [&](std::size_t, std::uint64_t key) {
    ++all;
    shared += std::binary_search(keys.begin(), keys.end(), key) ? 1 : 0;
  });
  return shared * kOneMarkIn > all;
}

void SimilarityIndex::add(std::uint32_t content, std::uint64_t offset, ByteView part) {
  if (sizes_.size() <= content) sizes_.resize(std::size_t{content} + 1);
  sizes_[content] = std::max(sizes_[content], offset + part.size());
  std::uint64_t before = 0;
  for_each_mark(part, [&](std::size_t at, std::uint64_t key) {
    // A run of one byte is a mark at every place, or at none.
    if ((key & left_out_) != 0 || key == before) return;
    before = key;
    const auto granule = static_cast<std::uint32_t>((offset + at) / kSimilarityGranule);
    marks_.push_back({key, content, granule});
    if (marks_.size() >= kMaxMarks) thin_out();
  });
}

void SimilarityIndex::thin_out() {
  finish();  // what repeats goes first
  while (marks_.size() > kMaxMarks / 2) {
    left_out_ = left_out_ << 1 | 1;
    std::erase_if(marks_, [&](const Mark& mark) { return (mark.key & left_out_) != 0; });
  }
}

void SimilarityIndex::finish() {
  std::sort(marks_.begin(), marks_.end());
  marks_.erase(std::unique(marks_.begin(), marks_.end()), marks_.end());
}

std::vector<SimilarRange> SimilarityIndex::find(ByteView fresh, std::size_t most) const {
  using Granule = std::pair<std::uint32_t, std::uint32_t>;  // content, number
  std::map<Granule, std::uint32_t> votes;
  for_each_mark(fresh, [&](std::size_t, std::uint64_t key) {
    if ((key & left_out_) != 0) return;
    const auto first = std::lower_bound(marks_.begin(), marks_.end(), Mark{key, 0, 0});
    auto last = first;
    while (last != marks_.end() && last->key == key) {
      if (static_cast<std::size_t>(++last - first) > kMaxPlaces) return;
    }
    const auto places = static_cast<std::uint32_t>(last - first);
    for (auto mark = first; mark != last; ++mark) {
      votes[{mark->content, mark->granule}] += kFullVote / places;
    }
  });

  std::vector<std::pair<std::uint32_t, Granule>> best;
  for (const auto& [granule, count] : votes) {
    if (count >= kEnoughVotes) best.emplace_back(count, granule);
  }
  std::sort(best.begin(), best.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });

  // With each one its neighbours, since what is alike does not end with a granule.
  std::set<Granule> chosen;
  for (const auto& [count, granule] : best) {
    const auto [content, number] = granule;
    for (std::uint32_t n = number - (number > 0 ? 1 : 0); n <= number + 1; ++n) {
      if (std::uint64_t{n} * kSimilarityGranule >= sizes_[content]) continue;
      if ((chosen.size() + 1) * kSimilarityGranule <= most) chosen.insert({content, n});
    }
  }

  std::vector<SimilarRange> ranges;
  for (const auto& [content, number] : chosen) {
    const std::uint64_t offset = std::uint64_t{number} * kSimilarityGranule;
    const auto length = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(kSimilarityGranule, sizes_[content] - offset));
    if (!ranges.empty() && ranges.back().content == content &&
        ranges.back().offset + ranges.back().length == offset) {
      ranges.back().length += length;
    } else {
      ranges.push_back({content, offset, length});
    }
  }
  return ranges;
}

}  // namespace courier
