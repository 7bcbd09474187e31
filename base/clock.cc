#include "base/clock.h"

#include <ctime>
#include <limits>

#include "base/error.h"

namespace courier {

namespace {

std::string formatted(const std::tm& tm, const char* format) {
  char buffer[64];
  const std::size_t n = std::strftime(buffer, sizeof buffer, format, &tm);
  return {buffer, n};
}

}  // namespace

Time SystemClock::now() const {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

std::chrono::nanoseconds SystemClock::monotonic() const {
  return std::chrono::steady_clock::now().time_since_epoch();
}

std::int64_t to_seconds(Time t) {
  return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}

Time from_seconds(std::int64_t seconds) {
  // Seconds that came from a medium may lie outside of what nanoseconds reach: the nearest end.
  constexpr std::int64_t kReach = std::numeric_limits<std::int64_t>::max() / 1'000'000'000;
  if (seconds > kReach) seconds = kReach;
  if (seconds < -kReach) seconds = -kReach;
  return Time(std::chrono::seconds(seconds));
}

std::string iso8601(Time t) {
  const std::time_t seconds = to_seconds(t);
  std::tm tm{};
  if (::gmtime_r(&seconds, &tm) == nullptr) bug("a time has no date");
  return formatted(tm, "%Y-%m-%dT%H:%M:%SZ");
}

std::string local_time(Time t) {
  const std::time_t seconds = to_seconds(t);
  std::tm tm{};
  if (::localtime_r(&seconds, &tm) == nullptr) bug("a time has no date");
  return formatted(tm, "%Y-%m-%d %H:%M %Z");
}

}  // namespace courier
