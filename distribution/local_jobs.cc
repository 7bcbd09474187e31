#include "distribution/local_jobs.h"

#include <algorithm>
#include <string>
#include <vector>

#include "ledger/job_book.h"
#include "ledger/ledger.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/status_log.h"
#include "ledger/transfer_book.h"

namespace courier {
namespace {

bool has_ended(const TransferRow& transfer) { return is_ended(transfer.state); }

// Of its package on its DP.
PackageState state_of(PackageDpBook& states, const SiteCode& site, const TransferRow& transfer) {
  if (auto row = states.find({site, transfer.dp, transfer.package})) return row->state;
  return transfer.action == TransferAction::remove ? PackageState::removal_failed
                                                   : PackageState::install_failed;
}

}  // namespace

void close_job(Ledger& ledger, const SiteCode& site, std::uint64_t job) {
  JobBook jobs{ledger};
  PackageDpBook states{ledger};
  Transaction transaction{ledger};
  const auto row = jobs.find(job);
  const std::vector<TransferRow> transfers = TransferBook{ledger}.of_job(job);
  if (!row || row->step != JobStep::local || transfers.empty()) return transaction.commit();
  PackageState worst = PackageState::installed;
  std::string reason;
  bool removing = false;
  for (const TransferRow& transfer : transfers) {
    removing = removing || transfer.action == TransferAction::remove;
    if (transfer.state == TransferState::complete) continue;
    worst = worse(worst, state_of(states, site, transfer));
    reason = transfer.dp + ": " + transfer.reason;
  }
  if (!std::all_of(transfers.begin(), transfers.end(), has_ended)) {
    jobs.set_local_state(job, worst, reason);
    return transaction.commit();
  }
  if (worst == PackageState::installed && !removing && reason.empty()) {
    const PackageRow package = PackageBook{ledger}.get(row->package);
    StatusLog{ledger}.tell("2301", Severity::info, package.id, {package.name, package.id.str()});
  }
  jobs.finish_local(job, worst, removing && reason.empty() ? "removed" : reason);
  transaction.commit();
}

void close_ended_jobs(Ledger& ledger, const SiteCode& site) {
  TransferBook transfers{ledger};
  for (const JobRow& job : JobBook{ledger}.at(JobStep::local)) {
    const std::vector<TransferRow> all = transfers.of_job(job.number);
    if (std::all_of(all.begin(), all.end(), has_ended)) close_job(ledger, site, job.number);
  }
}

void close_jobs_without_dp(Ledger& ledger, const SiteCode& site,
                           const std::set<std::uint64_t>& waiting) {
  JobBook jobs{ledger};
  TransferBook transfers{ledger};
  std::set<std::uint64_t> wanted;
  for (const PackageDpRow& row : PackageDpBook{ledger}.list()) {
    if (row.key.site == site) wanted.insert(row.job);
  }
  for (const std::uint64_t job : waiting) {
    const auto row = jobs.find(job);
    if (!row || row->step != JobStep::local || wanted.contains(job)) continue;
    if (!transfers.of_job(job).empty()) continue;
    jobs.finish_local(job, PackageState::install_failed, "its distribution point was removed");
  }
}

}  // namespace courier
