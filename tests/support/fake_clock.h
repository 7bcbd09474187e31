// A clock that goes on when the test says so.
#pragma once

#include "base/clock.h"

namespace courier::test {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::int64_t seconds = 1'900'000'000) : now_(from_seconds(seconds)) {}
  Time now() const override { return now_; }
  std::chrono::nanoseconds monotonic() const override { return now_.time_since_epoch(); }
  void tick(std::chrono::nanoseconds step) { now_ += step; }

 private:
  Time now_;
};

}  // namespace courier::test
