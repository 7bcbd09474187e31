// What several nouns share: options that mean the same everywhere, jobs and their outcomes as facts
// and text, and carrying out on this site's own distribution points.
#pragma once

#include <string>
#include <vector>

#include "base/vocabulary.h"
#include "courier/commands.h"
#include "courier/report.h"
#include "distribution/distribution_manager.h"
#include "ledger/job_book.h"
#include "ledger/ledger.h"
#include "sender/distribute.h"

namespace courier {

Priority priority_from(const std::string& text);  // Errors: usage
bool on_or_off(const std::string& text, const std::string& option);

Json job_json(const JobRow& job);
// "PSE", "PSE/D1, PSE/D2".
std::string target_text(const SiteCode& site, const std::vector<std::string>& dps);
// "Install Pending, not created".
std::string job_state(const JobRow& job);
Json outcome_json(const DpOutcome& outcome);
Json history_json(const std::vector<HistoryRow>& history);
std::string history_table(const std::vector<HistoryRow>& history);
std::string ranges_text(const std::vector<NumberRange>& ranges);
Json ranges_json(const std::vector<NumberRange>& ranges);

// Adds "jobs" and "distribution_points" to the report, and the problem when a DP failed.
void add_jobs(Home& home, const std::vector<MadeJob>& jobs, Report& report);
void add_outcomes(Home& home, const PublishReport& published, Report& report);
// "ask site PUN for it: ...": what brings content that the store here lacks.
std::string how_to_get_content(const PackageId& package, const SiteCode& self);

enum class LocalWork { install, redistribute, retract };
// Rows only: what of these jobs is to be done on this site's own DPs.
PublishReport target_here(Home& home, LocalWork work, const PackageId& package,
                          const std::vector<MadeJob>& jobs);
// add_jobs, then does what target_here noted.
void carry_out(Context& context, const PackageId& package, const std::vector<MadeJob>& jobs,
               const PublishReport& targeted, Report& report);

}  // namespace courier
