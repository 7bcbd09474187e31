#include "base/clock.h"

#include <gtest/gtest.h>

#include <limits>

namespace courier {
namespace {

TEST(Time, IsShownInUtc) {
  EXPECT_EQ(iso8601(from_seconds(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(iso8601(from_seconds(1'795'342'530)), "2026-11-22T10:15:30Z");
}

TEST(Time, RoundsDownBefore1970) {
  EXPECT_EQ(to_seconds(from_seconds(-1) + std::chrono::nanoseconds(1)), -1);
  EXPECT_EQ(iso8601(from_seconds(-1)), "1969-12-31T23:59:59Z");
}

TEST(Time, StopsAtTheEndsOfWhatItReaches) {
  EXPECT_EQ(to_seconds(from_seconds(std::numeric_limits<std::int64_t>::max())), 9'223'372'036);
  EXPECT_EQ(to_seconds(from_seconds(std::numeric_limits<std::int64_t>::min())), -9'223'372'036);
}

TEST(Time, IsShownLocallyWithItsZone) {
  ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  ::tzset();
  EXPECT_EQ(local_time(from_seconds(1'795'342'530)), "2026-11-22 11:15 CET");
  ::unsetenv("TZ");
  ::tzset();
}

TEST(SystemClock, NeverGoesBackMonotonically) {
  const SystemClock clock;
  const auto first = clock.monotonic();
  EXPECT_GE(clock.monotonic(), first);
  EXPECT_GT(to_seconds(clock.now()), 1'700'000'000);
}

}  // namespace
}  // namespace courier
