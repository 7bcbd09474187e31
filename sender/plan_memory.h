// PlanMemory: what several plans of one moment have in common, so that it is found out once: a plan
// for every site asks the same questions for a few hundred versions ten thousand times.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/digest.h"
#include "ledger/job_book.h"
#include "sender/placed_content.h"
#include "sender/proofs.h"
#include "sender/sender_parts.h"

namespace courier {

class SharedContent;

class PlanMemory {
 public:
  // As lacks_content (sender/scheduler.h).
  const std::string& lacks(SenderParts& context, const JobRow& job);

  // Of all that any of the sites holds or waits for; null: not known.
  SharedContent* shared = nullptr;

  // Before each plan: what takes too much memory is forgotten.
  void begin_plan();

  // What of the wanted closure those lack who hold these versions whole and nothing else.
  struct Lacked {
    PlacedContent content;  // shared objects have their numbers
    bool is_less = false;   // than the closure
  };
  // Valid until the next begin_plan(). Precondition: shared. Errors: incomplete, when content has
  // gone from the store.
  const Lacked& lacked(SenderParts& context, const WantedContent& wanted,
                       const std::vector<Holding>& held);

 private:
  std::map<std::pair<PackageId, std::uint32_t>, std::string> lacks_;
  std::size_t lacked_bytes_ = 0;
  std::map<std::vector<Digest>, Lacked> lacked_;  // by the wanted root and those that are held
};

}  // namespace courier
