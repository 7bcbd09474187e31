#include "courier/event_lines.h"

#include <cmath>
#include <csignal>
#include <iostream>

namespace courier {
namespace {

constexpr auto kBetweenLines = std::chrono::milliseconds(100);

}  // namespace

std::string progress_event(const ProgressEvent& event, double seconds_left) {
  const Json line = {
      {"event", "progress"},
      {"phase", json_text(event.phase)},
      {"subject", json_text(event.subject)},
      {"done", event.done},
      {"total", event.total},
      {"phase_index", event.phase_index},
      {"phase_count", event.phase_count},
      {"share", event.share()},
      {"seconds_left", seconds_left < 0 ? Json() : Json(std::llround(seconds_left))}};
  return line.dump();
}

std::string report_event(std::string_view event, const Report& report) {
  Json document = report.json;
  if (report.problem) document["error"] = problem_json(report);
  const Json line = {
      {"event", event}, {"status", exit_status(report)}, {"report", std::move(document)}};
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ProgressSink EventLines::sink() {
  return [this](const ProgressEvent& event) { tell(event); };
}

void EventLines::tell(const ProgressEvent& event) {
  const auto now = clock_.monotonic();
  if (!pace_.note(event, now) && now - told_ < kBetweenLines) return;
  told_ = now;
  std::cout << progress_event(event, pace_.seconds_left()) << "\n" << std::flush;
  if (!std::cout) std::raise(SIGTERM);
}

}  // namespace courier
