// When work that is tried again later falls due.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace courier {

// No retry is put off further than this: beyond every interval that can be set, and every window.
inline constexpr std::chrono::hours kFarthestRetry{8 * 24};

// From now; the end of time is no number to add to.
inline Time farthest_retry(Time now) {
  return now > Time::max() - kFarthestRetry ? Time::max() : now + kFarthestRetry;
}

// A time further ahead was noted under a clock that has been set back since: it is due.
inline bool is_due(Time retry_at, Time now) {
  return retry_at <= now || retry_at > farthest_retry(now);
}

}  // namespace courier
