#include "tests/support/test_workers.h"

namespace courier::test {

std::vector<ConfinedWorker>& test_workers() {
  static std::vector<ConfinedWorker> workers;
  return workers;
}

}  // namespace courier::test
