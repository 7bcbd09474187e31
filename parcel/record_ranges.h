// Record ranges: a set of record numbers kept as ranges, so that its size is that of the gaps: what
// has come of a parcel, and what is still missing.
#pragma once

#include <cstdint>
#include <vector>

#include "base/codec.h"

namespace courier {

struct RecordRange {
  std::uint64_t first = 0;
  std::uint64_t end = 0;  // one past the last
  auto operator<=>(const RecordRange&) const = default;
};

class RecordRanges {
 public:
  void add(std::uint64_t number) { add(RecordRange{number, number + 1}); }
  void add(const RecordRange& range);  // empty ranges are no change
  bool contains(std::uint64_t number) const;
  std::uint64_t size() const;  // how many numbers
  bool empty() const { return ranges_.empty(); }
  // Ascending, apart from each other.
  const std::vector<RecordRange>& ranges() const { return ranges_; }
  // What is not here of 0 to count - 1.
  RecordRanges missing(std::uint64_t count) const;
  bool operator==(const RecordRanges&) const = default;

 private:
  std::vector<RecordRange> ranges_;
};

inline constexpr std::size_t kMaxRecordRanges = 65536;

// Beyond kMaxRecordRanges ranges the last one reaches to the end of all: a report of what is
// missing may name too much, never too little.
void encode_ranges(Encoder& out, const RecordRanges& ranges);
// Errors: damaged, unless ascending and apart.
RecordRanges decode_ranges(Decoder& in);

}  // namespace courier
