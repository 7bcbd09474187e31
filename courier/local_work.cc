#include "courier/local_work.h"

#include <fmt/format.h>

#include <algorithm>

#include "courier/shown.h"
#include "ledger/package_book.h"
#include "store/reports.h"

namespace courier {
namespace {

Json outcome_json(const DpOutcome& outcome) {
  return {{"dp", outcome.dp},
          {"package", outcome.package.str()},
          {"version", outcome.version},
          {"transfer_job", outcome.transfer.empty() ? Json() : Json(outcome.transfer)},
          {"state", outcome.removed ? "Removed" : std::string(word(outcome.state))},
          {"state_code", outcome.removed ? Json() : Json(static_cast<int>(outcome.state))},
          {"already_installed", outcome.already_installed},
          {"reason", json_text(outcome.reason)},
          {"retries_left", outcome.error ? Json(outcome.retries_left) : Json()},
          {"retry_at", json_time(outcome.next_try)},
          {"files_present", outcome.files_present},
          {"files_copied", outcome.files_copied},
          {"bytes_copied", outcome.bytes_copied}};
}

void add_jobs(Home& home, const std::vector<MadeJob>& jobs, Report& report) {
  JobBook book(home.ledger());
  if (!report.json.contains("jobs")) report.json["jobs"] = Json::array();
  for (const MadeJob& made : jobs) {
    const JobRow job = book.get(made.job);
    Json one = job_json(job);
    one["existed"] = made.existed;
    report.json["jobs"].push_back(std::move(one));
    report.text += fmt::format("job {}: {} {} version {} to {}: {}{}\n", job.number, word(job.kind),
                               job.package.str(), job.version, target_text(job.site, job.dps),
                               job_state(job), made.existed ? " (this job was there already)" : "");
  }
}

// A version that is to be served and whose content is not in the store: it waits, and that is said.
std::optional<Error> missing_content(Home& home, const PackageId& package, std::uint32_t version) {
  const VersionRow row = PackageBook(home.ledger()).get_version(package, version);
  if (row.stored || row.root.is_zero()) return std::nullopt;
  const ClosureResult closure = home.store().missing(row.root);
  return Error(ErrorCode::incomplete, fmt::format("package {} version {}", package.str(), version),
               fmt::format("its content is not whole in the store: {} missing",
                           counted(closure.missing_count, "object is", "objects are")))
      .with_loss("nothing was lost: the shares serve what they served, and the job waits")
      .with_hint(how_to_get_content(package, home.keys().code()));
}

}  // namespace

std::string how_to_get_content(const PackageId& package, const SiteCode& self) {
  if (package.origin() == self)
    return "take it in anew: courier package update " + package.str() + " SOURCE";
  return "ask site " + package.origin().str() + " for it: courier return create --to " +
         package.origin().str() + " --out DRIVE; its next parcel brings it";
}

void add_outcomes(Home& home, const PublishReport& published, Report& report) {
  if (!report.json.contains("distribution_points")) {
    report.json["distribution_points"] = Json::array();
  }
  std::vector<const DpOutcome*> failed;
  for (const DpOutcome& outcome : published.outcomes) {
    report.json["distribution_points"].push_back(outcome_json(outcome));
    std::string state = outcome.removed             ? "removed"
                        : outcome.already_installed ? "already installed"
                                                    : std::string(word(outcome.state));
    std::string line = fmt::format("{} version {} on {}: {}", outcome.package.str(),
                                   outcome.version, outcome.dp, state);
    if (outcome.files_copied + outcome.files_present > 0) {
      line += fmt::format("; {} copied ({}), {} present",
                          counted(outcome.files_copied, "file", "files"),
                          human_size(outcome.bytes_copied), outcome.files_present);
    }
    report.text += printable(line) + "\n";
    if (outcome.error) failed.push_back(&outcome);
  }
  if (failed.empty()) return;
  const DpOutcome& first = *failed.front();
  std::string subject =
      fmt::format("package {} on distribution point {}", first.package.str(), first.dp);
  if (published.exit_status() == row_of(ErrorCode::partly_done).exit_status) {
    report.problem = Error(ErrorCode::partly_done, std::move(subject), first.reason)
                         .with_loss(fmt::format("nothing was lost: {} of {} are done, the store "
                                                "has the content",
                                                published.outcomes.size() - failed.size(),
                                                published.outcomes.size()));
  } else {
    report.problem = Error(*first.error, std::move(subject), first.reason)
                         .with_loss("nothing was lost: the share serves what it served before");
  }
  const bool waits = first.state == PackageState::install_pending;  // for content
  const std::string hint = waits ? how_to_get_content(first.package, home.keys().code())
                           : first.hint.empty() ? "put it right"
                                                : first.hint;
  if (first.next_try) {
    const bool is_removal = first.state == PackageState::removal_retrying;
    report.problem->with_hint(fmt::format(
        "{}; then: courier {} {} {} {}; `courier job run` tries again at {}, {} left", hint,
        is_removal ? "retract" : "distribute", first.package.str(), is_removal ? "--from" : "--to",
        first.dp, shown_time(first.next_try), counted(first.retries_left, "retry", "retries")));
  }
}

PublishReport target_here(Home& home, LocalWork work, const PackageId& package,
                          const std::vector<MadeJob>& jobs) {
  DistributionManager manager(home.distribution());
  PublishReport all;
  for (const MadeJob& made : jobs) {
    if (!made.local) continue;
    PublishReport targeted =
        work == LocalWork::retract
            ? manager.retract(package, made.target.dps, made.job)
            : manager.target(package, JobBook(home.ledger()).get(made.job).version, made.target.dps,
                             work == LocalWork::redistribute ? PublishMode::redistribute
                                                             : PublishMode::install,
                             made.job);
    for (DpOutcome& outcome : targeted.outcomes) all.outcomes.push_back(std::move(outcome));
  }
  return all;
}

void carry_out(Context& context, const PackageId& package, const std::vector<MadeJob>& jobs,
               const PublishReport& targeted, Report& report) {
  add_jobs(context.home(), jobs, report);
  const bool here =
      std::any_of(jobs.begin(), jobs.end(), [](const MadeJob& made) { return made.local; });
  if (!here) return;
  PublishReport published;
  std::uint32_t waiting_version = 0;
  for (const DpOutcome& outcome : targeted.outcomes) {
    if (outcome.already_installed) published.outcomes.push_back(outcome);
    if (outcome.state == PackageState::install_pending ||
        outcome.state == PackageState::content_updating) {
      waiting_version = outcome.version;
    }
  }
  DistributionManager manager(context.home().distribution());
  for (DpOutcome& outcome : manager.run_due(context.progress, package).outcomes) {
    published.outcomes.push_back(std::move(outcome));
  }
  add_outcomes(context.home(), published, report);
  if (waiting_version != 0 && !report.problem) {
    report.problem = missing_content(context.home(), package, waiting_version);
  }
}

}  // namespace courier
