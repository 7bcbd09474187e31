// libsodium wants one call before the first use; every file of base that uses it goes through here.
#pragma once

#include <sodium.h>

#include "base/error.h"

namespace courier::detail {

// Initialises libsodium once per process (it picks the fast implementations and opens the kernel's
// generator). Thread-safe. Errors: internal, when the library cannot start.
inline void sodium_ready() {
  static const int result = sodium_init();
  if (result < 0) bug("libsodium cannot be started");
}

}  // namespace courier::detail
