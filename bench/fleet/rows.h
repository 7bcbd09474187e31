// Ledger rows of an origin with many sites, as joins, returns and `distribute` would leave them.
#pragma once

#include <string>
#include <vector>

#include "bench/fleet/content.h"

namespace courier::bench {

struct FleetSize {
  std::uint32_t sites = 0, patterns = 0;
};

struct GeneratedFleet {
  std::vector<std::string> sites;
  std::uint64_t holdings = 0, states = 0, jobs_pending = 0, jobs_ended = 0;
};

GeneratedFleet generate_rows(const std::string& ledger,
                             const std::vector<GeneratedPackage>& content, const FleetSize& size);

}  // namespace courier::bench
