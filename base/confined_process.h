// The child's side of confinement: a process takes from itself all that a parser does not need.
// Not for other rooms: see confinement.h.
#pragma once

#include <cstdint>

#include "base/confinement.h"

namespace courier {

// Whether this is a build with AddressSanitizer or ThreadSanitizer: their runtimes open files of
// /proc, start threads and reserve terabytes of address space, so less can be taken from it.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

// Whatever a child is granted: a week, of one core and of its parent's waiting.
inline constexpr std::uint64_t kMostSeconds = 7 * 24 * 3600;

// Confines this process and every thread it will have, for good: no new privileges, no capability,
// no core dump, limits, Landlock without a single right, and a seccomp filter that kills the
// process for any system call beyond its list. open_files: descriptors 0 to open_files - 1 stay
// usable and none can be added. Precondition: one thread. Errors: internal, when a limit cannot be
// set, or a layer cannot be entered that the kernel has. A layer that the kernel does not have is
// left out and missing in the result.
Confinement confine_this_process(const ConfinedLimits& limits, unsigned open_files);

}  // namespace courier
