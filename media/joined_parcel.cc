#include "media/joined_parcel.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/frame.h"
#include "media/chained_bytes.h"

namespace courier {
namespace {

Error differs(const std::string& subject, std::string what) {
  return Error(ErrorCode::usage, subject, std::move(what))
      .with_loss("nothing was written")
      .with_hint("name volumes of one parcel");
}

// " (volume 2 of 3)": what the volumes beside a gap tell of it.
std::string between(const std::vector<VolumeCut>& cuts, std::uint64_t first, std::uint64_t end) {
  for (const VolumeCut& before : cuts) {
    const VolumeHeader& header = before.header();
    if (before.end_record() != first || header.of == 1) continue;
    for (const VolumeCut& after : cuts) {
      const VolumeHeader& next = after.header();
      if (next.cut != header.cut || after.first_record() != end ||
          next.number < header.number + 2) {
        continue;
      }
      const std::uint32_t low = header.number + 1, high = next.number - 1;
      return low == high ? fmt::format(" (volume {})", low)
                         : fmt::format(" (volumes {} to {})", low, high);
    }
    if (end == before.record_count()) {
      return fmt::format(" (volume {} and what follows it)", header.number + 1);
    }
  }
  for (const VolumeCut& after : cuts) {
    const std::uint32_t number = after.header().number;
    if (first == 0 && after.first_record() == end && number > 1) {
      return number == 2 ? " (volume 1)" : fmt::format(" (volumes 1 to {})", number - 1);
    }
  }
  return "";
}

}  // namespace

VolumeBytes joined_parcel(const std::vector<NamedVolume>& volumes) {
  std::vector<VolumeCut> cuts;
  std::optional<Error> damaged;
  for (const NamedVolume& volume : volumes) {
    try {
      VolumeCut cut(volume.bytes, volume.subject);
      if (!cuts.empty() && cut.header().label_digest != cuts.front().header().label_digest) {
        throw differs(volume.subject, "is of another parcel than " + volumes.front().subject);
      }
      if (!cuts.empty() && cut.record_count() != cuts.front().record_count()) {
        throw differs(volume.subject, fmt::format("says that the parcel has {} records, another "
                                                  "volume says {}",
                                                  cut.record_count(), cuts.front().record_count()));
      }
      cuts.push_back(std::move(cut));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::damaged) throw;
      if (!damaged) damaged = error;
    }
  }
  if (cuts.empty()) throw Error(*damaged);
  const std::uint64_t count = cuts.front().record_count();
  std::vector<VolumeBytes> parts = {cuts.front().whole_header(), cuts.front().head()};
  std::string missing;
  for (std::uint64_t next = 0; next < count;) {
    const VolumeCut* best = nullptr;
    std::uint64_t other = count;  // where the records behind a gap begin
    for (const VolumeCut& cut : cuts) {
      if (cut.first_record() <= next && next < cut.end_record()) {
        if (best == nullptr || cut.end_record() > best->end_record()) best = &cut;
      } else if (cut.first_record() > next && cut.end_record() > cut.first_record()) {
        other = std::min(other, cut.first_record());
      }
    }
    if (best != nullptr) {
      parts.push_back(best->records(best->run_of(next, best->end_record())));
      next = best->end_record();
      continue;
    }
    missing += (missing.empty() ? "" : ", ") +
               (next + 1 == other ? fmt::format("record {}", next)
                                  : fmt::format("records {} to {}", next, other - 1)) +
               between(cuts, next, other);
    next = other;
  }
  if (!missing.empty()) {
    std::string what =
        fmt::format("not all of its {} records are in these volumes: {} missing", count, missing);
    if (damaged) what += fmt::format("; {}", damaged->what());
    throw Error(ErrorCode::incomplete, volumes.front().subject, std::move(what))
        .with_loss("nothing was written")
        .with_hint("name the volumes that have them as well");
  }
  parts.push_back(cuts.front().end());
  return chained(std::move(parts));
}

}  // namespace courier
