// Local jobs (the target is this site) end when their transfers have. Not for other rooms.
#pragma once

#include <cstdint>
#include <set>

#include "distribution/parts.h"

namespace courier {

// J17: done when all its transfers have ended, in the worst state of its DPs; before that, the
// state so far. Nothing for a job that is not local or has no transfers.
void close_job(Ledger& ledger, const SiteCode& site, std::uint64_t job);

// Every local job whose transfers have all ended: they also end without a run, by a cancel, a newer
// job, or the removal of their DP.
void close_ended_jobs(Ledger& ledger, const SiteCode& site);

// Of these jobs those that waited for content and have no DP left to bring it to.
void close_jobs_without_dp(Ledger& ledger, const SiteCode& site,
                           const std::set<std::uint64_t>& waiting);

}  // namespace courier
