#include "importer/record_words.h"

#include <fmt/format.h>

#include "base/counted.h"
#include "importer/returned_rows.h"
#include "importer/volume_set.h"

namespace courier {

std::string list_of(const RecordRanges& ranges) {
  std::string text;
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < ranges.ranges().size() && i < kShown; ++i) {
    const RecordRange& range = ranges.ranges()[i];
    if (!text.empty()) text += ", ";
    if (range.end == UINT64_MAX) {
      text += fmt::format("{} and all after it", range.first);
    } else if (range.end == range.first + 1) {
      text += fmt::format("{}", range.first);
    } else {
      text += fmt::format("{}-{}", range.first, range.end - 1);
    }
  }
  if (ranges.ranges().size() > kShown) {
    text += fmt::format(" and {} more ranges", ranges.ranges().size() - kShown);
  }
  return text;
}

RecordRanges missing_of(const IncomingParcel& parcel) {
  return to_records(parcel.received).missing(parcel.record_count.value_or(UINT64_MAX));
}

std::string named_records(const RecordRanges& ranges) {
  return (ranges.size() == 1 ? "record " : "records ") + list_of(ranges) +
         (ranges.size() == 1 ? " is" : " are");
}

RecordRanges damaged_of(const ReceivedParcelReport& report) {
  return without(report.missing_records, report.without_base);
}

std::string told_of(const ReceivedParcelReport& report) {
  const RecordRanges damaged = damaged_of(report);
  std::string told = damaged.empty() ? "" : "records damaged: " + list_of(damaged);
  if (report.without_base.empty()) return told;
  return told + (told.empty() ? "records" : "; records") +
         " without their base: " + list_of(report.without_base);
}

std::string what_lacks_base(const ReceivedParcelReport& report) {
  std::string what =
      (report.without_base.size() == 1 ? "record " : "records ") + list_of(report.without_base) +
      (report.without_base.size() == 1 ? " builds" : " build") + " on content that is not here";
  if (report.missing_base) {
    what += " (" + report.missing_base->subject() + ": " + report.missing_base->happened() + ")";
  }
  return what;
}

std::string what_is_missing(const ReceivedParcelReport& report) {
  const std::string which = named_records(damaged_of(report));
  if (report.forged_records == 0) return which + " damaged or missing";
  const std::string& sender = report.offer.label.sender.code.str();
  if (report.forged_records >= report.missing_records.size()) {
    return which + " not as " + sender + " signed " +
           (report.missing_records.size() == 1 ? "it" : "them") + ", and never opened";
  }
  return fmt::format("{} damaged, missing or forged; {} not as {} signed it", which,
                     counted(report.forged_records, "record is", "records are"), sender);
}

std::string needless_damage(const ReceivedParcelReport& report) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (report.damaged_records > 0) add(counted(report.damaged_records, "record", "records"));
  if (report.damaged_bytes > 0) {
    add(counted(report.damaged_bytes, "byte", "bytes") + " between records");
  }
  if (report.is_end_damaged) add("its end");
  return text;
}

}  // namespace courier
