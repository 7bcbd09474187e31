// Targets: what TARGET on a command line means. A site means its content store and every DP it has
// when the item is executed; SITE/DP means that DP alone; a DP of this site by its name.
// Source: behaviours.md rule 2.
#pragma once

#include <string>
#include <vector>

#include "base/vocabulary.h"
#include "ledger/ledger.h"

namespace courier {

struct Target {
  SiteCode site;
  std::vector<std::string> dps;  // empty: the store and every DP
  bool operator==(const Target&) const = default;
};

// One Target per site, in the order given; a site named whole wins over its single DPs.
// Errors: not_found, for a name that is no joined site or DP, hint `site join`, `dp add`.
std::vector<Target> resolve_targets(Ledger& ledger, const std::vector<std::string>& texts);

}  // namespace courier
