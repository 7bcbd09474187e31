// EventLines: what a command tells a program that started it, while it works: one JSON document a
// line on stdout, the progress as it comes and at last the report (--events).
//
// Whoever reads is why the command runs: when it has gone, the command is told to stop as by
// SIGTERM, so that nothing works on for nobody while its reader is started anew.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/progress.h"
#include "courier/progress_bar.h"
#include "courier/report.h"

namespace courier {

class EventLines {
 public:
  explicit EventLines(const Clock& clock) : clock_(clock) {}
  EventLines(const EventLines&) = delete;
  EventLines& operator=(const EventLines&) = delete;

  ProgressSink sink();  // outlived by this

 private:
  void tell(const ProgressEvent& event);

  const Clock& clock_;
  Pace pace_;
  std::chrono::nanoseconds told_{};
};

// A progress event as one of these lines says it, without its end of line. seconds_left: negative
// when it is not known.
std::string progress_event(const ProgressEvent& event, double seconds_left);
// The same of a report: {"event":"report","status":0,"report":{...}}. event: "report", the last
// one; "shown", of a command that has several.
std::string report_event(std::string_view event, const Report& report);

}  // namespace courier
