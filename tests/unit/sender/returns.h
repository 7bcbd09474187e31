// Site PUN with one package on its way to PSE, whose returns the tests write.
#pragma once

#include "tests/unit/sender/desk.h"

namespace courier::test {

class Returns : public Desk {
 protected:
  Returns() : id(package(0x20)), number(distribute(id, pse)) {}
  std::vector<JobRow> pending() {
    std::vector<JobRow> out;
    for (PendingJob& one : Scheduler(context).pending(pse)) out.push_back(std::move(one.job));
    return out;
  }

  const PackageId id;
  const std::uint64_t number;
};

}  // namespace courier::test
