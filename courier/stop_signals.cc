#include "courier/stop_signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/error.h"

namespace courier {
namespace {

// A handler is given nothing but the signal's number.
std::atomic<int> signalled_fd = -1;
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void note_signal(int) {
  const int saved = errno;
  eventfd_write(signalled_fd.load(), 1);
  errno = saved;
}

}  // namespace

StopSignals::StopSignals() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_) throw system_error(errno, "watch for drives", "cannot wait for signals");
  signalled_fd = fd_.get();
  struct sigaction action {};
  action.sa_handler = note_signal;
  // What is under way is not disturbed by the first one, and the second one finds the default.
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  ::sigaction(SIGINT, &action, &before_interrupt_);
  ::sigaction(SIGTERM, &action, &before_terminate_);
}

StopSignals::~StopSignals() {
  ::sigaction(SIGINT, &before_interrupt_, nullptr);
  ::sigaction(SIGTERM, &before_terminate_, nullptr);
  signalled_fd = -1;
}

bool StopSignals::came() const {
  pollfd on{fd_.get(), POLLIN, 0};
  return ::poll(&on, 1, 0) > 0;
}

}  // namespace courier
