#include "courier/stop_signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <optional>
#include <utility>

namespace courier {
namespace {

// A handler is given nothing but the signal's number.
std::atomic<int> signalled_fd = -1;
std::atomic<int> first_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void note_signal(int number) {
  const int saved = errno;
  int none = 0;
  first_signal.compare_exchange_strong(none, number);
  eventfd_write(signalled_fd.load(), 1);
  errno = saved;
}

}  // namespace

StopSignals::StopSignals() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_) throw system_error(errno, "courier", "cannot wait for signals");
  first_signal = 0;
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

bool StopSignals::came() const { return first_signal != 0; }

bool StopSignals::are_taken() { return signalled_fd >= 0; }

Report Interrupted::report(const std::string& subject) const {
  Report report;
  report.signal = signal_;
  report.problem =
      Error(ErrorCode::partly_done, subject,
            signal_ == SIGINT ? "was stopped by Ctrl-C (SIGINT)" : "was stopped by SIGTERM")
          .with_loss(
              "nothing was lost: what was finished is kept, what was half written is no result")
          .with_hint("run the same command, and it goes on");
  return report;
}

ProgressSink stoppable(ProgressSink drawn) {
  // A sink can be copied.
  const auto signals = std::make_shared<std::optional<StopSignals>>();
  return [signals, drawn = std::move(drawn)](const ProgressEvent& event) {
    if (!*signals && !StopSignals::are_taken()) signals->emplace();
    if (*signals && (*signals)->came()) throw Interrupted(first_signal);
    courier::report(drawn, event);
  };
}

void wait_for_input() {
  if (!StopSignals::are_taken()) return;
  pollfd either[] = {{STDIN_FILENO, POLLIN, 0}, {signalled_fd, POLLIN, 0}};
  while (::poll(either, 2, -1) < 0 && errno == EINTR) {
  }
  if (either[1].revents != 0) throw Interrupted(first_signal);
}

}  // namespace courier
