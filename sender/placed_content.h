// PlacedContent: where objects that a parcel is to carry lie in the store, and what records they
// make: found once, and small enough (8 bytes for most objects) to be kept for every version that a
// fleet waits for. Records are counted as for_each_record (plan_content.h) makes them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "store/object_set.h"

namespace courier {

class Store;

// Records that carry a set of objects.
struct RecordTotals {
  std::uint64_t count = 0, stored_bytes = 0;
  std::uint64_t objects = 0;
};

class PlacedContent {
 public:
  // The number of an object that other content may have, too; none: it is in this one only.
  using Number = std::function<std::optional<std::uint32_t>(const Digest&)>;

  PlacedContent() = default;
  // Looks every object up. Those that are not in the store are passed over.
  PlacedContent(Store& store, const ObjectSet& objects, const Number& number = {});

  // The numbers of those that have one, in the order of their places.
  const std::vector<std::uint32_t>& numbered() const { return numbers_; }

  // Memory that it takes.
  std::size_t bytes() const {
    return blocks_.capacity() * sizeof(Block) + objects_.capacity() * sizeof(Packed) +
           numbers_.capacity() * sizeof(std::uint32_t);
  }

  // Some content, without those of its numbered objects that others have already.
  struct Part {
    const PlacedContent* content = nullptr;
    std::vector<bool> is_left_out;  // as long as numbered(), or empty: nothing is
  };
  // Of one parcel with all of these.
  static RecordTotals totals(const std::vector<Part>& parts);

 private:
  struct Block {
    std::uint64_t id = 0, raw_size = 0;
    std::uint32_t stored_size = 0, objects = 0;        // of the whole block
    std::size_t first = 0, end = 0, first_number = 0;  // objects_, numbers_
    bool is_data = false;
  };
  // One object: bits 0-20 size, 21-35 place in its block, 36 whether it has a number.
  using Packed = std::uint64_t;

  std::vector<Block> blocks_;  // in the order in which records carry them
  std::vector<Packed> objects_;
  std::vector<std::uint32_t> numbers_;
};

}  // namespace courier
