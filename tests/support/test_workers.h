// Confined workers of a test program. A test registers the ones it starts, the program's own
// included; test_main.cc runs them when the program is started as a child.
//
//   const TestWorker kLooper{{"looper", nullptr, [](const Fd&, std::vector<Fd>) -> int { for (;;);
//   }}};
#pragma once

#include <vector>

#include "base/confinement.h"

namespace courier::test {

// Filled before main() by the TestWorker objects of the program's test files.
std::vector<ConfinedWorker>& test_workers();

struct TestWorker {
  explicit TestWorker(const ConfinedWorker& worker) { test_workers().push_back(worker); }
};

}  // namespace courier::test
