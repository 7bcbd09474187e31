// When work that is tried again later falls due.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace courier {

// No retry is put off further than this: beyond every interval that can be set, and every window.
inline constexpr std::chrono::hours kFarthestRetry{8 * 24};

// A time further ahead was noted under a clock that has been set back since: it is due.
inline bool is_due(Time retry_at, Time now) {
  return retry_at <= now || retry_at > now + kFarthestRetry;
}

}  // namespace courier
