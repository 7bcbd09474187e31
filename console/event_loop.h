// EventLoop: waits for descriptors and for moments in time, in the one thread that the console has
// for all it knows. So nothing in it needs a lock, and nothing happens while something else does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/file_system.h"

namespace courier {

class EventLoop {
 public:
  using Duration = std::chrono::milliseconds;
  using Callback = std::function<void()>;

  EventLoop();  // Errors: device
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Calls back while there is something to read, or the other end has gone. Errors: device.
  void watch(int fd, Callback on_readable);
  // Before the descriptor is closed. Allowed within any callback.
  void forget(int fd);

  // Calls back once, `after` from now. Returns its number, from 1.
  std::uint64_t call_after(Duration after, Callback callback);
  void cancel(std::uint64_t timer);  // of one that is over: nothing

  // Waits for the next things to happen, at most `most`, and does them. Errors: device; what a
  // callback throws.
  void turn(Duration most);

 private:
  using Moment = std::chrono::steady_clock::time_point;
  struct Timer {
    std::uint64_t number;
    Callback callback;
  };

  Duration until_next(Duration most) const;
  void call_due();

  Fd epoll_;
  std::map<int, std::shared_ptr<Callback>> watched_;
  std::multimap<Moment, Timer> timers_;
  std::uint64_t last_timer_ = 0;
};

}  // namespace courier
