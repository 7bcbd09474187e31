// ProgressBar: draws progress on a terminal, one line on stderr, with the time left over all
// phases.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/progress.h"

namespace courier {

// Since when the phase and all of the work are under way, by what was told of them.
class Pace {
 public:
  // Returns whether another phase has begun.
  bool note(const ProgressEvent& event, std::chrono::nanoseconds now);
  // In seconds, of the event that was noted last; negative while nothing can be said.
  double seconds_left() const;

 private:
  bool is_begun_ = false;
  ProgressEvent last_;
  std::chrono::nanoseconds now_{}, began_{}, phase_began_{};
};

// The time that all phases together still need, in seconds, or a negative number while nothing can
// be said: what is left of this phase at its pace, and the later ones at that of all so far.
double seconds_left(const ProgressEvent& event, double seconds_in_phase, double seconds_in_all);

// "1 min 20 s", "45 s", "2 h 5 min".
std::string human_duration(double seconds);

// One line: phase, subject, share of the phase, bytes, time left over all phases (negative: not
// known); not wider than `columns`.
std::string progress_line(const ProgressEvent& event, double seconds_left, std::size_t columns);

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
  Pace pace_;
  std::chrono::nanoseconds drawn_{};
};

}  // namespace courier
