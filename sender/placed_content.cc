#include "sender/placed_content.h"

#include <algorithm>
#include <tuple>

#include "sender/record_cut.h"
#include "store/store.h"

namespace courier {
namespace {

constexpr int kPlaceAt = 21, kNumberedAt = 36;
static_assert(kMaxObjectSize < 1u << kPlaceAt);
static_assert(kMaxBlockObjects < 1u << (kNumberedAt - kPlaceAt));

std::uint32_t size_of(std::uint64_t packed) {
  return static_cast<std::uint32_t>(packed & ((1u << kPlaceAt) - 1));
}
std::uint64_t place_of(std::uint64_t packed) {
  return packed >> kPlaceAt & ((1u << (kNumberedAt - kPlaceAt)) - 1);
}
bool has_number(std::uint64_t packed) { return (packed >> kNumberedAt) != 0; }

}  // namespace

PlacedContent::PlacedContent(Store& store, const ObjectSet& objects, const Number& number) {
  objects_.reserve(objects.count());
  store.for_each_block(
      objects, [&](const StoredBlock& block, const std::vector<BlockObject>& wanted) {
        if (wanted.empty()) return;
        Block out{block.id,          block.raw_size,
                  block.stored_size, block.objects,
                  objects_.size(),   0,
                  numbers_.size(),   wanted.front().kind == DigestKind::chunk};
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          Packed packed = wanted[i].size | Packed{block.places[i]} << kPlaceAt;
          if (const auto known = number ? number(wanted[i].digest) : std::nullopt) {
            packed |= Packed{1} << kNumberedAt;
            numbers_.push_back(*known);
          }
          objects_.push_back(packed);
        }
        out.end = objects_.size();
        blocks_.push_back(out);
      });
}

RecordTotals PlacedContent::totals(const std::vector<Part>& parts) {
  struct Use {
    const Part* part;
    const Block* block;
    auto order() const { return std::tuple(block->is_data, block->id); }
  };
  std::vector<Use> uses;
  for (const Part& part : parts)
    for (const Block& block : part.content->blocks_) uses.push_back({&part, &block});
  if (parts.size() > 1) {
    std::stable_sort(uses.begin(), uses.end(),
                     [](const Use& a, const Use& b) { return a.order() < b.order(); });
  }

  RecordTotals totals;
  RecordCut cut;
  std::vector<Packed> wanted;  // of one block
  for (std::size_t at = 0; at < uses.size();) {
    const Block& block = *uses[at].block;
    const std::size_t begin = at;
    wanted.clear();
    for (; at < uses.size() && uses[at].order() == uses[begin].order(); ++at) {
      const auto& [part, mine] = uses[at];
      std::size_t number = mine->first_number;
      for (std::size_t i = mine->first; i < mine->end; ++i) {
        const Packed object = part->content->objects_[i];
        const bool is_out =
            has_number(object) && number < part->is_left_out.size() && part->is_left_out[number];
        number += has_number(object) ? 1 : 0;
        if (!is_out) wanted.push_back(object);
      }
    }
    if (wanted.empty()) continue;
    if (at - begin > 1) {
      const auto by_place = [](Packed a, Packed b) { return place_of(a) < place_of(b); };
      std::sort(wanted.begin(), wanted.end(), by_place);
      const auto same = [](Packed a, Packed b) { return place_of(a) == place_of(b); };
      wanted.erase(std::unique(wanted.begin(), wanted.end(), same), wanted.end());
    }
    totals.objects += wanted.size();
    if (block.is_data) totals.count += cut.end_nodes() ? 1 : 0;
    if (wanted.size() == block.objects) {
      ++totals.count;
      totals.stored_bytes += block.stored_size;
      continue;
    }
    for (const Packed object : wanted) {
      totals.count += cut.add(!block.is_data, size_of(object)) ? 1 : 0;
      totals.stored_bytes += gathered_size(size_of(object), block.stored_size, block.raw_size);
    }
  }
  totals.count += cut.end() ? 1 : 0;
  return totals;
}

}  // namespace courier
