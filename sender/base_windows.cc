#include "sender/base_windows.h"

#include <algorithm>
#include <unordered_map>

namespace courier {
namespace {

struct Range {
  std::uint64_t first = 0, end = 0;
};

// Of one old file, or one object.
struct Source {
  BaseForm form = BaseForm::object;
  Digest object;
  std::vector<Range> ranges;
};

// The slack of each place divided by `divisor`; none at all with 0.
std::vector<Source> around(const std::vector<BasePlace>& places, std::uint64_t divisor) {
  std::vector<Source> sources;
  std::unordered_map<Digest, std::size_t> known;
  for (const BasePlace& place : places) {
    const std::uint64_t slack = divisor == 0 ? 0 : place.slack / divisor;
    const Range range{place.first - std::min(place.first - place.floor, slack),
                      place.end + std::min(place.ceiling - place.end, slack)};
    if (range.end <= range.first) continue;
    const auto [at, fresh] = known.try_emplace(place.object, sources.size());
    if (fresh) sources.push_back({place.form, place.object, {}});
    sources[at->second].ranges.push_back(range);
  }
  for (Source& source : sources) {
    std::vector<Range>& ranges = source.ranges;
    std::sort(ranges.begin(), ranges.end(),
              [](const Range& a, const Range& b) { return a.first < b.first; });
    std::size_t kept = 0;
    for (const Range& range : ranges) {
      if (kept > 0 && range.first <= ranges[kept - 1].end) {
        ranges[kept - 1].end = std::max(ranges[kept - 1].end, range.end);
      } else {
        ranges[kept++] = range;
      }
    }
    ranges.resize(kept);
  }
  return sources;
}

std::uint64_t size_of(const std::vector<Source>& sources) {
  std::uint64_t sum = 0;
  for (const Source& source : sources) {
    for (const Range& range : source.ranges) sum += range.end - range.first;
  }
  return sum;
}

}  // namespace

std::vector<BaseRange> base_windows(const std::vector<BasePlace>& places) {
  std::vector<Source> sources;
  for (const std::uint64_t divisor : {1, 2, 4, 8, 16, 0}) {
    sources = around(places, divisor);
    if (size_of(sources) <= kMaxBase) break;
  }
  std::vector<BaseRange> ranges;
  std::uint64_t left = kMaxBase;
  for (const Source& source : sources) {
    for (const Range& range : source.ranges) {
      const std::uint64_t length = std::min(range.end - range.first, left);
      if (length == 0 || ranges.size() == kMaxBaseRanges) return ranges;
      ranges.push_back(
          {source.form, source.object, range.first, static_cast<std::uint32_t>(length)});
      left -= length;
    }
  }
  return ranges;
}

}  // namespace courier
