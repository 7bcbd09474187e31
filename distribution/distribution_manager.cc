#include "distribution/distribution_manager.h"

#include <algorithm>
#include <set>

#include "distribution/transfer_run.h"
#include "ledger/dp_book.h"
#include "ledger/job_book.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/settings.h"
#include "ledger/status_log.h"
#include "ledger/transfer_book.h"

namespace courier {
namespace {

// The DPs by name, or all that take copies (a pull DP fetches for itself).
std::vector<DpRow> chosen_dps(Ledger& ledger, const std::vector<std::string>& names) {
  DpBook book{ledger};
  std::vector<DpRow> rows;
  if (names.empty()) {
    for (DpRow& row : book.list()) {
      if (!row.pull) rows.push_back(std::move(row));
    }
  } else {
    for (const std::string& name : names) rows.push_back(book.get(name));
  }
  return rows;
}

// The transfer that is to install just this.
std::optional<TransferRow> open_install(TransferBook& transfers, const std::string& dp,
                                        const PackageId& package, std::uint32_t version) {
  for (const TransferRow& row : transfers.open_on(dp, package)) {
    if (row.action == TransferAction::install && row.version == version) return row;
  }
  return std::nullopt;
}

DpOutcome outcome_of(const PackageDpRow& row) {
  DpOutcome outcome;
  outcome.dp = row.key.dp;
  outcome.package = row.key.package;
  outcome.version = row.version;
  outcome.state = row.state;
  outcome.reason = row.reason;
  outcome.retries_left = row.retries_left.value_or(0);
  outcome.next_try = row.retry_at;
  return outcome;
}

// Makes the local job when the first transfer needs it.
class LocalJob {
 public:
  LocalJob(Ledger& ledger, const SiteCode& site, std::uint64_t given, NewJob wanted)
      : jobs_(ledger), site_(site), number_(given), wanted_(std::move(wanted)) {}
  std::uint64_t number() {
    if (number_ == 0) {
      wanted_.site = site_;
      number_ = jobs_.accept_local(wanted_, "this site");
    }
    return number_;
  }
  void renew() { number_ = 0; }
  std::uint64_t made() const { return number_; }

 private:
  JobBook jobs_;
  SiteCode site_;
  std::uint64_t number_;
  NewJob wanted_;
};

void queue(const DistributionParts& parts, TransferRow row) {
  TransferBook transfers{parts.ledger};
  for (const TransferRow& open : transfers.open_on(row.dp, row.package)) {
    transfers.supersede(open.job, open.dp, row.job);
  }
  row.retries_left = static_cast<std::uint32_t>(Settings{parts.ledger}.number("dp.retries"));
  row.created = parts.clock.now();
  transfers.add(row);
  StatusLog{parts.ledger}.tell("2357", Severity::info, row.package,
                               {row.package.str(), row.dp, std::to_string(row.job) + "/" + row.dp});
}

}  // namespace

int PublishReport::exit_status() const {
  std::vector<int> statuses;
  for (const DpOutcome& outcome : outcomes) {
    statuses.push_back(outcome.error ? row_of(*outcome.error).exit_status : 0);
  }
  return combined_status(statuses);
}

PublishReport DistributionManager::target(const PackageId& package, std::uint32_t version,
                                          const std::vector<std::string>& dps, PublishMode mode,
                                          std::uint64_t job) {
  Transaction transaction{parts_.ledger};
  PackageDpBook states{parts_.ledger};
  TransferBook transfers{parts_.ledger};
  const VersionRow row = PackageBook{parts_.ledger}.get_version(package, version);
  PublishReport report;
  report.job = job;
  const bool no_files = row.root.is_zero();  // B80: no DP states
  bool waits = false;                        // for content
  NewJob wanted;
  wanted.kind = mode == PublishMode::redistribute ? JobKind::redistribute : JobKind::distribute;
  wanted.package = package;
  wanted.version = version;
  wanted.dps = dps;
  wanted.total_bytes = row.bytes;
  LocalJob local{parts_.ledger, parts_.site, job, wanted};

  if (!no_files) {
    for (const DpRow& dp : chosen_dps(parts_.ledger, dps)) {
      const PackageDpKey key{parts_.site, dp.name, package};
      auto before = states.find(key);
      const bool same = before && before->version == version;
      if (same && before->state == PackageState::installed && mode == PublishMode::install) {
        DpOutcome outcome = outcome_of(*before);
        outcome.already_installed = true;
        report.outcomes.push_back(outcome);
        continue;
      }
      // Asked for again after it had failed for good: from the beginning (T11).
      const bool whole = mode == PublishMode::redistribute ||
                         (same && (before->state == PackageState::install_failed));
      const auto waits_for =
          row.stored ? PendingReason::queued : PendingReason::waiting_for_content;
      const bool changed =
          states.target(key, version, local.number(), whole, waits_for,
                        "job " + std::to_string(local.number()), mode == PublishMode::replace);
      if (changed && !row.stored) {
        // Nothing is queued before the content comes; what was under way is not wanted any more.
        for (const TransferRow& open : transfers.open_on(dp.name, package)) {
          transfers.supersede(open.job, open.dp, local.number());
        }
      }
      auto now = states.find(key);
      const bool wants_it = now && now->version == version &&
                            (now->state == PackageState::install_pending ||
                             now->state == PackageState::install_retrying ||
                             now->state == PackageState::content_updating);
      waits = waits || (wants_it && !row.stored);
      // One that is under way for an earlier job is handed over to this one: the earlier job may
      // be superseded already, and this one has to end with it.
      const auto open = open_install(transfers, dp.name, package, version);
      if (wants_it && row.stored && (changed || !open || open->job != local.number())) {
        // A job is taken to a DP once: what it failed to do there is a new job's work.
        if (transfers.find(local.number(), dp.name)) local.renew();
        TransferRow transfer;
        transfer.job = local.number();
        transfer.dp = dp.name;
        transfer.package = package;
        transfer.version = version;
        transfer.whole = mode == PublishMode::redistribute || (open && open->whole);
        transfer.bytes_total = row.bytes;
        queue(parts_, transfer);
        states.hand_over(key, transfer.job);
        if (!changed && now->pending != PendingReason::queued) {
          states.pending(key, PendingReason::queued, "", "content is stored");
        }
      }
      if (auto after = states.find(key)) {
        DpOutcome outcome = outcome_of(*after);
        outcome.transfer = std::to_string(local.number()) + "/" + dp.name;
        report.outcomes.push_back(outcome);
      }
    }
  }
  report.job = local.made();
  // Nothing to carry out: the job, given or made, has done what it says.
  if (report.job != 0 && !waits && transfers.of_job(report.job).empty()) {
    JobBook jobs{parts_.ledger};
    auto idle = jobs.find(report.job);
    if (idle && idle->step == JobStep::local) {
      PackageState worst = PackageState::installed;
      for (const DpOutcome& outcome : report.outcomes) worst = worse(worst, outcome.state);
      jobs.finish_local(report.job, worst,
                        worst == PackageState::installed ? "already installed" : "nothing to do");
    }
  }
  if (waits && report.job != 0) {
    JobBook jobs{parts_.ledger};
    if (!is_ended(jobs.get(report.job).step)) {
      jobs.note_reason(report.job, PendingReason::waiting_for_content, "");
    }
  }
  transaction.commit();
  return report;
}

PublishReport DistributionManager::retract(const PackageId& package,
                                           const std::vector<std::string>& dps, std::uint64_t job) {
  Transaction transaction{parts_.ledger};
  PackageDpBook states{parts_.ledger};
  PublishReport report;
  NewJob wanted;
  wanted.kind = JobKind::remove;
  wanted.package = package;
  wanted.dps = dps;
  if (auto row = PackageBook{parts_.ledger}.find(package)) wanted.version = row->source_version;
  LocalJob local{parts_.ledger, parts_.site, job, wanted};
  for (const DpRow& dp : chosen_dps(parts_.ledger, dps)) {
    const PackageDpKey key{parts_.site, dp.name, package};
    auto row = states.find(key);
    if (!row) continue;
    const bool removing = is_removing(row->state);
    // A removal under way is handed over to the job that was given, which has to end with it.
    if (!removing || (job != 0 && !TransferBook{parts_.ledger}.find(job, dp.name))) {
      states.retract(key, local.number(), "job " + std::to_string(local.number()));
      TransferRow transfer;
      transfer.job = local.number();
      transfer.dp = dp.name;
      transfer.action = TransferAction::remove;
      transfer.package = package;
      transfer.version = row->version;
      queue(parts_, transfer);
    }
    DpOutcome outcome = outcome_of(states.get(key));
    outcome.transfer = std::to_string(local.made()) + "/" + dp.name;
    report.outcomes.push_back(outcome);
  }
  report.job = local.made();
  if (job != 0 && TransferBook{parts_.ledger}.of_job(job).empty()) {
    JobBook jobs{parts_.ledger};
    auto given = jobs.find(job);
    if (given && given->step == JobStep::local) {
      jobs.finish_local(job, PackageState::installed, "was not on any distribution point");
    }
  }
  transaction.commit();
  return report;
}

PublishReport DistributionManager::run_due(const ProgressSink& progress,
                                           const std::optional<PackageId>& only) {
  return TransferRun{parts_, progress}.run(only);
}

namespace {

// What the work said replaces what the rows said; DPs with nothing to do keep their row's answer.
PublishReport merged(PublishReport rows, const PublishReport& done) {
  for (DpOutcome& outcome : rows.outcomes) {
    for (const DpOutcome& result : done.outcomes) {
      if (result.dp == outcome.dp && result.package == outcome.package) outcome = result;
    }
  }
  return rows;
}

}  // namespace

PublishReport DistributionManager::publish(const PackageId& package, std::uint32_t version,
                                           const std::vector<std::string>& dps, PublishMode mode,
                                           const ProgressSink& progress) {
  PublishReport rows = target(package, version, dps, mode);
  return merged(std::move(rows), run_due(progress, package));
}

PublishReport DistributionManager::take_away(const PackageId& package,
                                             const std::vector<std::string>& dps,
                                             const ProgressSink& progress) {
  PublishReport rows = retract(package, dps);
  return merged(std::move(rows), run_due(progress, package));
}

void DistributionManager::cancel(std::uint64_t job, const std::string& dp, const std::string& who) {
  TransferBook transfers{parts_.ledger};
  const TransferRow row = transfers.get(job, dp);
  Transaction transaction{parts_.ledger};
  if (transfers.cancel(job, dp, who)) {
    PackageDpBook states{parts_.ledger};
    const PackageDpKey key{parts_.site, dp, row.package};
    const auto state = states.find(key);
    const bool removal = row.action == TransferAction::remove;
    const bool is_its_own = state && is_under_way(state->state) &&
                            is_removing(state->state) == removal &&
                            (removal || state->version == row.version);
    if (is_its_own) states.cancel(key, who);
    StatusLog{parts_.ledger}.tell("C4", Severity::warning, row.package,
                                  {row.package.str(), dp, who});
  }
  transaction.commit();
}

}  // namespace courier
