#include "courier/shown.h"

#include <fmt/format.h>

#include <algorithm>

#include "courier/table.h"

namespace courier {

Json job_json(const JobRow& job) {
  return {{"job", job.number},
          {"kind", word(job.kind)},
          {"package", job.package.str()},
          {"version", job.version},
          {"destination", job.site.str()},
          {"distribution_points", job.dps},
          {"priority", word(job.priority)},
          {"state", word(job.state)},
          {"state_code", static_cast<int>(job.state)},
          {"step", word(job.step)},
          {"pending", job.pending == PendingReason::none ? Json() : Json(word(job.pending))},
          {"reason", json_text(job.reason)},
          {"sender", job.sender.empty() ? Json() : Json(job.sender)},
          {"parcel", job.parcel.empty() ? Json() : Json(job.parcel)},
          {"total_bytes", job.total_bytes},
          {"remaining_bytes", job.remaining_bytes},
          {"note", json_text(job.note)},
          {"superseded_by", job.superseded_by == 0 ? Json() : Json(job.superseded_by)},
          {"attempts", job.attempts},
          {"created", json_time(job.created)},
          {"started", json_time(job.started)},
          {"finished", json_time(job.finished)},
          {"retry_at", json_time(job.retry_at)},
          {"as_of", json_time(job.as_of)},
          {"as_of_return", job.as_of_return.empty() ? Json() : Json(job.as_of_return)}};
}

std::string target_text(const SiteCode& site, const std::vector<std::string>& dps) {
  if (dps.empty()) return site.str();
  std::string text;
  for (const std::string& dp : dps) text += (text.empty() ? "" : ", ") + site.str() + "/" + dp;
  return text;
}

std::string some_of(const std::vector<SiteCode>& sites) {
  constexpr std::size_t kShown = 6;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, sites.size()); ++i)
    text += (i > 0 ? ", " : "") + sites[i].str();
  if (sites.size() > kShown) text += fmt::format(" and {} more", sites.size() - kShown);
  return text;
}

std::string job_state(const JobRow& job) {
  // The package states have no word for what is gone.
  if (job.kind == JobKind::remove && job.step == JobStep::confirmed &&
      job.state == PackageState::installed && !job.reason.starts_with("superseded")) {
    return "Removed";
  }
  std::string text(word(job.state));
  if (job.state == PackageState::install_pending && job.pending != PendingReason::none &&
      !is_ended(job.step)) {
    text += ", " + std::string(word(job.pending));
  }
  return text;
}

void count_verdict(const std::optional<VerdictKind>& verdict, Tally& tally) {
  const std::string name = verdict ? std::string(word(*verdict)) : "waiting";
  const auto known =
      std::ranges::find_if(tally, [&](const auto& entry) { return entry.first == name; });
  if (known == tally.end()) {
    tally.emplace_back(name, 1);
  } else {
    ++known->second;
  }
}

std::string tally_text(const Tally& tally) {
  std::string text;
  for (const auto& [name, count] : tally) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
  }
  return text;
}

Json history_json(const std::vector<HistoryRow>& history) {
  Json rows = Json::array();
  for (const HistoryRow& row : history) {
    rows.push_back({{"time", json_time(row.time)},
                    {"operator", json_text(row.who)},
                    {"event", row.event},
                    {"from", row.from},
                    {"to", row.to},
                    {"evidence", json_text(row.evidence)}});
  }
  return rows;
}

std::string history_table(const std::vector<HistoryRow>& history) {
  Table table({"time", "who", "state", "evidence"});
  for (const HistoryRow& row : history) {
    table.add({shown_time(row.time), row.who, row.to, row.evidence});
  }
  return table.str("no history");
}

std::string ranges_text(const std::vector<NumberRange>& ranges) {
  std::string text;
  for (const NumberRange& range : ranges) {
    if (!text.empty()) text += ", ";
    text += range.first == range.last ? std::to_string(range.first)
                                      : fmt::format("{}-{}", range.first, range.last);
  }
  return text;
}

Json ranges_json(const std::vector<NumberRange>& ranges) {
  Json list = Json::array();
  for (const NumberRange& range : ranges) {
    list.push_back({{"first", range.first}, {"last", range.last}});
  }
  return list;
}

}  // namespace courier
