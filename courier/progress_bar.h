// ProgressBar: draws progress on a terminal, one line on stderr, with the time left over all
// phases.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/progress.h"

namespace courier {

// The time that all phases together still need, in seconds, or a negative number while nothing can
// be said: what is left of this phase at its pace so far, and as long again for every later phase.
double seconds_left(const ProgressEvent& event, double seconds_in_phase);

// "1 min 20 s", "45 s", "2 h 5 min".
std::string human_duration(double seconds);

// One line: phase, subject, share, bytes, time left; not wider than `columns`.
std::string progress_line(const ProgressEvent& event, double seconds_in_phase, std::size_t columns);

class ProgressBar {
 public:
  // Draws nothing unless `enabled` and stderr is a terminal.
  ProgressBar(const Clock& clock, bool enabled);
  ~ProgressBar();  // takes the line away
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  ProgressSink sink();  // outlived by this
  void clear();

 private:
  void draw(const ProgressEvent& event);

  const Clock& clock_;
  const bool enabled_;
  bool shown_ = false;
  unsigned phase_ = 0;
  std::string phase_name_;
  std::chrono::nanoseconds phase_began_{}, drawn_{};
};

}  // namespace courier
