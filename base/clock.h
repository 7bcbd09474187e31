// Clock: the seam for time. Order never comes from it; it dates records and says when work falls
// due.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace courier {

// Nanoseconds since 1970-01-01 UTC; 64 bits signed reach from 1677 to 2262.
using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;                            // wall clock
  virtual std::chrono::nanoseconds monotonic() const = 0;  // never goes back
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
  std::chrono::nanoseconds monotonic() const override;
};

std::int64_t to_seconds(Time t);  // since 1970, floor
Time from_seconds(std::int64_t seconds);
std::string iso8601(Time t);     // "2026-11-22T10:15:30Z", seconds
std::string local_time(Time t);  // "2026-11-22 11:15 CET"

}  // namespace courier
