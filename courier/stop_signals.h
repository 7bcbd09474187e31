// Stop signals: SIGINT (Ctrl-C) and SIGTERM as a wish to end. Who sends a second one ends the
// process at once, as ever. What is under way hears of the wish where it can end without harm:
// `receive
// --watch` between two drives, other commands where they tell of their progress.
#pragma once

#include <csignal>
#include <exception>
#include <memory>
#include <string>

#include "base/file_system.h"
#include "base/progress.h"
#include "courier/report.h"

namespace courier {

class StopSignals {
 public:
  // Takes the two signals over, until it is destroyed. There is one at a time.
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Can be read as soon as one of them has come.
  int fd() const { return fd_.get(); }
  bool came() const;

  // Whether there is one.
  static bool are_taken();

 private:
  Fd fd_;
  struct sigaction before_interrupt_ {
  }, before_terminate_{};
};

// Unwinds a command that was told to stop, so that whatever is half made removes itself. No Error:
// nothing that tells failures apart, and records them, may take it for one of a medium.
class Interrupted : public std::exception {
 public:
  explicit Interrupted(int signal) : signal_(signal) {}
  const char* what() const noexcept override { return "was told to stop"; }
  // As the end of a command. subject: "receive".
  Report report(const std::string& subject) const;

 private:
  int signal_;
};

// Passes progress on to `drawn`, which may be empty. From the first event on a stop signal is held
// until the next one, which throws Interrupted; where the signals are taken already it only passes
// on. After the sink is gone, they do what they did before.
ProgressSink stoppable(ProgressSink drawn);

// Waits until there is something to read from stdin. Errors: Interrupted, when a stop signal comes
// first; where they are not taken, it returns at once.
void wait_for_input();

}  // namespace courier
