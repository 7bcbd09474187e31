#include "importer/volume_set.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "media/medium.h"

namespace courier {
namespace {

constexpr std::uint64_t kMostRecords = 1ull << 48;  // parcel/FORMAT.md, "Limits"
constexpr std::size_t kShown = 5;
constexpr std::size_t kMostNumbers = 1000;

bool overlaps(const RecordRanges& ranges, std::uint64_t first, std::uint64_t end) {
  return std::ranges::any_of(ranges.ranges(), [&](const RecordRange& range) {
    return std::max(range.first, first) < std::min(range.end, end);
  });
}

// "2", "2 and 4", "2, 4-6 and 9".
std::string list_of(const std::vector<NumberedVolumes>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size() && i < kShown; ++i) {
    const bool is_last = i + 1 == numbers.size();
    if (i > 0) text += is_last ? " and " : ", ";
    text += numbers[i].first == numbers[i].last
                ? std::to_string(numbers[i].first)
                : fmt::format("{}-{}", numbers[i].first, numbers[i].last);
  }
  if (numbers.size() > kShown) text += " and others";
  return text;
}

std::uint64_t count_of(const std::vector<NumberedVolumes>& numbers) {
  std::uint64_t count = 0;
  for (const NumberedVolumes& range : numbers) count += range.last - range.first + 1;
  return count;
}

// "volume 2", "volumes 2 and 4"; empty when there are none.
std::string named(const std::vector<NumberedVolumes>& numbers) {
  if (numbers.empty()) return "";
  const bool is_one = numbers.size() == 1 && numbers[0].first == numbers[0].last;
  return (is_one ? "volume " : "volumes ") + list_of(numbers);
}

void add_number(std::uint64_t number, std::vector<NumberedVolumes>& numbers) {
  if (!numbers.empty() && numbers.back().last <= number && numbers.back().last + 1 >= number) {
    numbers.back().last = number;
  } else {
    numbers.push_back({number, number});
  }
}

// What a volume that tells of no others ends with is where the parcel ends.
RecordRange covered_by(const SeenVolume& volume) {
  const bool to_the_end = volume.end_record == kMostRecords;
  return {volume.first_record, to_the_end ? UINT64_MAX : volume.end_record};
}

// The volumes of one cut, by number, that hold some of the records.
std::vector<NumberedVolumes> missing_of_cut(const std::vector<SeenVolume>& cut,
                                            const RecordRanges& elsewhere, std::uint64_t of) {
  std::vector<NumberedVolumes> numbers;
  const auto add = [&](std::uint64_t first, std::uint64_t last) {
    if (first > last) return;
    if (!numbers.empty() && numbers.back().last + 1 == first) {
      numbers.back().last = last;
    } else {
      numbers.push_back({first, last});
    }
  };
  std::uint64_t next_number = 1, next_record = 0;
  for (const SeenVolume& volume : cut) {
    if (overlaps(elsewhere, next_record, volume.first_record)) {
      add(next_number, volume.number - 1ull);
    }
    // Seen, but it could not be read to its end.
    if (!volume.read_whole && overlaps(elsewhere, volume.first_record, volume.end_record)) {
      add(volume.number, volume.number);
    }
    next_number = volume.number + 1ull;
    next_record = std::max(next_record, volume.end_record);
  }
  if (overlaps(elsewhere, next_record, UINT64_MAX)) add(next_number, std::max(of, next_number));
  return numbers;
}

}  // namespace

std::vector<std::uint64_t> first_numbers(const std::vector<NumberedVolumes>& numbers) {
  std::vector<std::uint64_t> first;
  for (const NumberedVolumes& range : numbers) {
    for (std::uint64_t n = range.first; n <= range.last && first.size() < kMostNumbers; ++n) {
      first.push_back(n);
    }
  }
  return first;
}

RecordRanges without(const RecordRanges& all, const RecordRanges& some) {
  RecordRanges rest;
  for (const RecordRange& range : all.ranges()) {
    std::uint64_t next = range.first;
    for (const RecordRange& taken : some.ranges()) {
      if (taken.end <= next || taken.first >= range.end) continue;
      rest.add(RecordRange{next, std::max(next, taken.first)});
      next = std::max(next, taken.end);
    }
    rest.add(RecordRange{next, std::max(next, range.end)});
  }
  return rest;
}

SeenVolume seen_volume(const VolumeHeader& header, bool read_whole) {
  SeenVolume seen;
  seen.cut = to_hex(header.cut);
  seen.number = header.number;
  seen.volumes = header.of;
  seen.first_record = std::min(header.first_record, kMostRecords);
  seen.end_record = std::min(header.end_record, kMostRecords);
  seen.read_whole = read_whole;
  return seen;
}

MissingVolumes missing_volumes(const RecordRanges& received, std::optional<std::uint64_t> count,
                               const std::vector<SeenVolume>& seen) {
  RecordRanges covered;
  for (const SeenVolume& volume : seen) {
    if (volume.read_whole) covered.add(covered_by(volume));
  }
  if (!count) {
    // The last volume of a cut ends where the parcel does.
    for (const SeenVolume& volume : seen) {
      if (volume.number == volume.volumes && volume.end_record < kMostRecords) {
        count = volume.end_record;
      }
    }
  }
  MissingVolumes missing;
  missing.elsewhere = without(received.missing(count.value_or(UINT64_MAX)), covered);
  if (missing.elsewhere.empty()) return missing;

  for (std::size_t begin = 0; begin < seen.size();) {
    std::size_t end = begin;
    while (end < seen.size() && seen[end].cut == seen[begin].cut) ++end;
    const std::vector<SeenVolume> cut(seen.begin() + static_cast<std::ptrdiff_t>(begin),
                                      seen.begin() + static_cast<std::ptrdiff_t>(end));
    begin = end;
    // The one written last knows best how many there are.
    const std::uint32_t of = cut.back().volumes;
    if (of == 1) continue;
    std::vector<NumberedVolumes> numbers = missing_of_cut(cut, missing.elsewhere, of);
    if (missing.numbers.empty() || count_of(numbers) < count_of(missing.numbers)) {
      missing.numbers = std::move(numbers);
      // More were cut than was thought when this one was written.
      missing.of = !missing.numbers.empty() && missing.numbers.back().last > of ? 0 : of;
    }
  }
  return missing;
}

std::string MissingVolumes::happened() const {
  if (numbers.empty()) return "";
  const bool is_one = numbers.size() == 1 && numbers[0].first == numbers[0].last;
  return fmt::format("{} {}{} {} missing", is_one ? "volume" : "volumes", list_of(numbers),
                     of == 0 ? "" : fmt::format(" of {}", of), is_one ? "is" : "are");
}

std::string MissingVolumes::hint(const ParcelId& id) const {
  if (numbers.empty()) return "insert the volume that has them and run the same command";
  const auto first = static_cast<std::uint32_t>(numbers[0].first);
  return fmt::format("insert volume {} ({}, on a disc or tape {}) and run the same command", first,
                     parcel_file_name(id, first), parcel_disc_label(id, first));
}

std::string stored_volumes(const std::vector<SeenVolume>& seen) {
  std::vector<NumberedVolumes> numbers;
  for (const SeenVolume& volume : seen) {
    if (volume.cut != seen.front().cut || !volume.read_whole || volume.volumes == 1) continue;
    add_number(volume.number, numbers);
  }
  return named(numbers);
}

std::string DamagedVolumes::str() const { return named(numbers); }

DamagedVolumes damaged_volumes(const RecordRanges& missing, const std::vector<SeenVolume>& seen) {
  DamagedVolumes damaged;
  RecordRanges open = missing;
  for (const SeenVolume& volume : seen) {
    if (!volume.read_whole || volume.volumes == 1) continue;
    RecordRanges covered;
    covered.add(covered_by(volume));
    RecordRanges rest = without(open, covered);
    const RecordRanges lost = without(open, rest);
    if (lost.empty()) continue;
    for (const RecordRange& range : lost.ranges()) damaged.records.add(range);
    add_number(volume.number, damaged.numbers);
    open = std::move(rest);
  }
  return damaged;
}

}  // namespace courier
