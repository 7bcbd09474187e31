// PlanMemory: what several plans of one moment have in common, so that it is found out once: a plan
// for every site asks the same questions for a few hundred versions ten thousand times.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/digest.h"
#include "ledger/job_book.h"
#include "sender/sender_parts.h"

namespace courier {

class ObjectSet;
class SharedContent;

// Records that carry a set of objects.
struct RecordTotals {
  std::uint64_t count = 0, stored_bytes = 0;
};

class PlanMemory {
 public:
  // As lacks_content (sender/scheduler.h).
  const std::string& lacks(SenderParts& context, const JobRow& job);

  SharedContent* shared =
      nullptr;  // of all that any of the sites holds or waits for; null: not known
  // What for_each_record says of them.
  RecordTotals records(SenderParts& context, const ObjectSet& objects);

 private:
  std::map<std::pair<PackageId, std::uint32_t>, std::string> lacks_;
  std::map<Digest, RecordTotals> records_;  // by the digest of the objects' digests
};

}  // namespace courier
