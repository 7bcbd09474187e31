// Local work: what a command carries out on this site's own distribution points, and what it says
// of that and of the jobs that it made.
#pragma once

#include <string>
#include <vector>

#include "base/vocabulary.h"
#include "courier/commands.h"
#include "courier/report.h"
#include "distribution/distribution_manager.h"
#include "sender/distribute.h"

namespace courier {

enum class LocalWork { install, redistribute, retract };

// Rows only: what of these jobs is to be done on this site's own DPs.
PublishReport target_here(Home& home, LocalWork work, const PackageId& package,
                          const std::vector<MadeJob>& jobs);
// Adds "jobs" to the report, then does what target_here noted.
void carry_out(Context& context, const PackageId& package, const std::vector<MadeJob>& jobs,
               const PublishReport& targeted, Report& report);
// Adds "distribution_points" to the report, and the problem when a DP failed.
void add_outcomes(Home& home, const PublishReport& published, Report& report);

// "ask site PUN for it: ...": what brings content that the store here lacks.
std::string how_to_get_content(const PackageId& package, const SiteCode& self);

}  // namespace courier
