// Stop signals: SIGINT and SIGTERM as a wish to end. What is under way is finished; who sends a
// second one ends the process at once, as ever.
#pragma once

#include <csignal>

#include "base/file_system.h"

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

 private:
  Fd fd_;
  struct sigaction before_interrupt_ {
  }, before_terminate_{};
};

}  // namespace courier
