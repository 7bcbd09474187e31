// PlanMemory: what several plans of one moment have in common, so that it is found out once: a plan
// for every site asks the same questions for a few hundred versions ten thousand times.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "ledger/job_book.h"
#include "sender/sender_parts.h"

namespace courier {

class SharedContent;

class PlanMemory {
 public:
  // As lacks_content (sender/scheduler.h).
  const std::string& lacks(SenderParts& context, const JobRow& job);

  SharedContent* shared =
      nullptr;  // of all that any of the sites holds or waits for; null: not known

 private:
  std::map<std::pair<PackageId, std::uint32_t>, std::string> lacks_;
};

}  // namespace courier
