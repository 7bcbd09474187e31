// The child's side of confinement: a process takes from itself all that a parser does not need.
// Not for other rooms: see confinement.h.
#pragma once

#include <cstdint>

#include "base/confinement.h"

namespace courier {

// Confines this process and every thread it will have, for good: no new privileges, no core dump,
// limits, Landlock without a single right, and a seccomp filter that kills the process for any
// system call beyond its list. open_files: descriptors 0 to open_files - 1 stay usable and none can
// be added. Precondition: one thread. Errors: internal, when a limit cannot be set. What the kernel
// does not have is left out and missing in the result.
Confinement confine_this_process(const ConfinedLimits& limits, unsigned open_files);

}  // namespace courier
