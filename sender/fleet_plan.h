// FleetPlanner: what parcels to many sites would carry, each computed once for all sites that have
// proved the same and wait for the same: they can share one payload (`parcel create --to A,B,C`).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/vocabulary.h"
#include "sender/parcel_plan.h"
#include "sender/sender_parts.h"

namespace courier {

// Sites that one parcel can serve.
struct FleetGroup {
  std::vector<SiteCode> sites;     // sorted; at most kMaxAddressees
  ParcelPlan plan;                 // as for the first of them, whose jobs it names
  std::uint64_t parcel_bytes = 0;  // estimate for all of them in one parcel
};

struct FleetPlan {
  std::vector<FleetGroup> groups;  // the largest payload first
  struct Problem {
    SiteCode site;
    std::string reason;
  };
  std::vector<Problem> problems;   // sites for which nothing can be planned
  std::uint64_t without_jobs = 0;  // sites
};

class FleetPlanner {
 public:
  explicit FleetPlanner(SenderParts& context) : context_(context) {}

  // Changes nothing but the routing of jobs. max_bytes: of each parcel; 0: no limit.
  // Errors: not_found, a site that is not joined.
  FleetPlan plan(const std::vector<SiteCode>& sites, std::uint64_t max_bytes = 0);

 private:
  SenderParts& context_;
};

}  // namespace courier
