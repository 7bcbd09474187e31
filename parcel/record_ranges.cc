#include "parcel/record_ranges.h"

#include <algorithm>

namespace courier {

void RecordRanges::add(const RecordRange& range) {
  if (range.first >= range.end) return;
  // The usual case: records come in order.
  if (!ranges_.empty() && range.first == ranges_.back().end) {
    ranges_.back().end = range.end;
    return;
  }
  // All ranges that touch [first, end] become one.
  const auto from = std::ranges::partition_point(
      ranges_, [&](const RecordRange& r) { return r.end < range.first; });
  auto to = from;
  RecordRange merged = range;
  for (; to != ranges_.end() && to->first <= range.end; ++to) {
    merged.first = std::min(merged.first, to->first);
    merged.end = std::max(merged.end, to->end);
  }
  ranges_.insert(ranges_.erase(from, to), merged);
}

bool RecordRanges::contains(std::uint64_t number) const {
  const auto it =
      std::ranges::partition_point(ranges_, [&](const RecordRange& r) { return r.end <= number; });
  return it != ranges_.end() && it->first <= number;
}

std::uint64_t RecordRanges::size() const {
  std::uint64_t size = 0;
  for (const auto& range : ranges_) size += range.end - range.first;
  return size;
}

RecordRanges RecordRanges::missing(std::uint64_t count) const {
  RecordRanges out;
  std::uint64_t next = 0;
  for (const auto& range : ranges_) {
    if (range.first >= count) break;
    out.add({next, range.first});
    next = range.end;
  }
  out.add({next, count});
  return out;
}

void encode_ranges(Encoder& out, const RecordRanges& ranges) {
  const auto& all = ranges.ranges();
  const std::size_t n = std::min(all.size(), kMaxRecordRanges);
  out.varint(n);
  std::uint64_t previous = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t end = i + 1 == n ? all.back().end : all[i].end;
    out.varint(all[i].first - previous).varint(end - all[i].first);
    previous = end;
  }
}

RecordRanges decode_ranges(Decoder& in) {
  RecordRanges ranges;
  const std::size_t n = in.count(kMaxRecordRanges, 2);
  std::uint64_t previous = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t gap = in.varint(UINT64_MAX - previous);
    if (gap == 0 && i > 0) in.fail("has ranges that touch");
    const std::uint64_t first = previous + gap;
    const std::uint64_t length = in.varint(UINT64_MAX - first);
    if (length == 0) in.fail("has an empty range");
    previous = first + length;
    ranges.add({first, previous});
  }
  return ranges;
}

}  // namespace courier
