// What this program is: its version, what it reads, what it is made of, and what confines the
// parsers on this very machine.
#pragma once

#include "courier/report.h"

namespace courier {

// Starts a confined child to say what is in force. When none can be started, that is the report's
// problem.
Report version_report();

}  // namespace courier
