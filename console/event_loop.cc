#include "console/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/error.h"

namespace courier {
namespace {

constexpr const char* kSubject = "console";

}  // namespace

EventLoop::EventLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw system_error(errno, kSubject, "cannot wait for events");
}

void EventLoop::watch(int fd, Callback on_readable) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    throw system_error(errno, kSubject, "cannot wait for events");
  }
  watched_[fd] = std::make_shared<Callback>(std::move(on_readable));
}

void EventLoop::forget(int fd) {
  if (watched_.erase(fd) == 0) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

std::uint64_t EventLoop::call_after(Duration after, Callback callback) {
  timers_.emplace(std::chrono::steady_clock::now() + after,
                  Timer{++last_timer_, std::move(callback)});
  return last_timer_;
}

void EventLoop::cancel(std::uint64_t timer) {
  std::erase_if(timers_, [&](const auto& one) { return one.second.number == timer; });
}

EventLoop::Duration EventLoop::until_next(Duration most) const {
  if (timers_.empty()) return most;
  const auto left =
      std::chrono::ceil<Duration>(timers_.begin()->first - std::chrono::steady_clock::now());
  return std::clamp(left, Duration(0), most);
}

void EventLoop::call_due() {
  const Moment now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const Callback callback = std::move(timers_.begin()->second.callback);
    timers_.erase(timers_.begin());
    callback();
  }
}

void EventLoop::turn(Duration most) {
  std::array<epoll_event, 32> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(until_next(most).count()));
  if (count < 0 && errno != EINTR) throw system_error(errno, kSubject, "cannot wait for events");
  for (int i = 0; i < count; ++i) {
    // An earlier one of this turn may have forgotten it.
    const auto it = watched_.find(events[static_cast<std::size_t>(i)].data.fd);
    if (it == watched_.end()) continue;
    const std::shared_ptr<Callback> callback = it->second;
    (*callback)();
  }
  call_due();
}

}  // namespace courier
