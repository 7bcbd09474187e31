#include "sender/distribute.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "ledger/address_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/return_book.h"
#include "ledger/site_book.h"
#include "ledger/status_log.h"
#include "sender/scheduler.h"
#include "signer/trust_list.h"

namespace courier {
namespace {

// An open job that asks for this already. A job for the whole site is one for each DP of it, and a
// redistribute brings what a distribute would. Another priority is another wish as long as the job
// waits.
std::optional<JobRow> same_open_job(JobBook& jobs, JobKind kind, const PackageId& package,
                                    std::uint32_t version, const Target& target,
                                    std::optional<Priority> priority) {
  const auto job = jobs.current(target.site, package, target.dps);
  if (!job || is_ended(job->step) || job->version != version) return std::nullopt;
  const bool covers =
      job->kind == kind || (kind == JobKind::distribute && job->kind == JobKind::redistribute);
  if (!covers) return std::nullopt;
  if (priority && *priority != job->priority && is_waiting(job->step)) return std::nullopt;
  return job;
}

// The DPs of another site that its returns and our jobs have named.
std::set<std::string> known_dps(Ledger& ledger, const SiteCode& site) {
  std::set<std::string> names;
  for (const PackageDpRow& row : PackageDpBook(ledger).list())
    if (row.key.site == site && !row.key.dp.empty()) names.insert(row.key.dp);
  for (const DpSpace& space : ReturnBook(ledger).dp_space(site)) names.insert(space.dp);
  return names;
}

// T1, T11, T12, T17: the origin's view of what another site is to hold.
void note_states(Ledger& ledger, const JobRow& job) {
  PackageDpBook states(ledger);
  const std::string evidence = "job " + std::to_string(job.number);
  if (job.kind == JobKind::remove) {
    for (const PackageDpRow& row : states.of_package(job.package)) {
      const bool is_meant =
          job.dps.empty() || std::find(job.dps.begin(), job.dps.end(), row.key.dp) != job.dps.end();
      if (row.key.site == job.site && is_meant) states.retract(row.key, job.number, evidence);
    }
    return;
  }
  if (PackageBook(ledger).get_version(job.package, job.version).root.is_zero()) return;
  std::set<std::string> dps(job.dps.begin(), job.dps.end());
  if (dps.empty()) dps = known_dps(ledger, job.site);
  dps.insert("");  // the site's store
  for (const std::string& dp : dps)
    states.target({job.site, dp, job.package}, job.version, job.number,
                  job.kind == JobKind::redistribute, PendingReason::not_created, evidence);
}

void tell_scheduler(Ledger& ledger, const JobRow& job) {
  StatusLog(ledger).tell("2339", Severity::info, job.package,
                         {job.package.str(), job.site.str(), std::to_string(job.number)});
}

// What the jobs of one site, oldest first, leave there of a package.
class Wanted {
 public:
  void see(const JobRow& job, const std::set<std::string>& dps_with_it) {
    if (job.step == JobStep::cancelled || job.step == JobStep::invalid) return;
    if (job.step == JobStep::failed) return;  // it changed nothing there
    // Replaced before it went anywhere; what replaced it comes next.
    if (job.step == JobStep::superseded && job.parcel.empty()) return;
    if (job.kind != JobKind::remove) {
      if (job.dps.empty()) whole_ = true;
      if (!whole_) dps_.insert(job.dps.begin(), job.dps.end());
      return;
    }
    if (whole_ && !job.dps.empty()) dps_ = dps_with_it;
    whole_ = false;
    if (job.dps.empty()) dps_.clear();
    for (const std::string& dp : job.dps) dps_.erase(dp);
  }
  std::optional<Target> target(const SiteCode& site) const {
    if (!whole_ && dps_.empty()) return std::nullopt;
    if (whole_) return Target{site, {}};
    return Target{site, {dps_.begin(), dps_.end()}};
  }

 private:
  bool whole_ = false;
  std::set<std::string> dps_;
};

}  // namespace

void Distributor::check_address(const PackageRow& package, const SiteCode& site) {
  SiteBook(context_.ledger).get(site);
  if (const TrustedSite* known = context_.trust.find(site); known && !known->current_key()) {
    throw Error(ErrorCode::revoked, "site " + site.str(), "all its keys are revoked")
        .with_loss("nothing was changed")
        .with_hint(
            "ask it for a new identity file and run `courier site join` with its fingerprint");
  }
  AddressBook addresses(context_.ledger);
  const std::string& preferred = package.sender;
  if (preferred != "any" && !addresses.find(site, preferred)) {
    throw Error(ErrorCode::not_allowed, "package " + package.id.str(),
                "prefers sender " + preferred + ": site " + site.str() + " has no " + preferred +
                    " address")
        .with_hint("courier address add " + site.str() + " --sender " + preferred);
  }
  if (addresses.of(site).empty()) {
    throw Error(ErrorCode::not_allowed, "site " + site.str(), "it has no address")
        .with_hint("courier address add " + site.str() + " --sender courier");
  }
}

// Guards first, for all targets, so that a refusal leaves nothing half asked for.
std::vector<MadeJob> Distributor::make(JobKind kind, const PackageRow& row,
                                       const std::vector<Target>& targets,
                                       std::optional<Priority> priority) {
  SiteBook sites(context_.ledger);
  JobBook jobs(context_.ledger);
  const SiteCode self = sites.self().code;
  const PackageId& package = row.id;
  const std::uint32_t version = row.source_version;
  const VersionRow content = PackageBook(context_.ledger).get_version(package, version);
  for (const Target& target : targets) {
    if (target.site == self) continue;
    if (!sites.get(target.site).joined_now)
      throw Error(ErrorCode::not_found, "site " + target.site.str(), "it is not joined any more")
          .with_hint("courier site join " + target.site.str() + ".site --as child");
    if (kind != JobKind::remove && !content.stored && !content.root.is_zero())
      throw Error(ErrorCode::not_found, "package " + package.str(),
                  "the content of version " + std::to_string(version) + " is not stored here")
          .with_hint(package.origin() == self
                         ? "courier package update " + package.str()
                         : "receive it first: courier package show " + package.str());
  }
  std::vector<MadeJob> out;
  for (const Target& target : targets) {
    Transaction transaction(context_.ledger);
    MadeJob made;
    made.target = target;
    made.local = target.site == self;
    if (const auto open = same_open_job(jobs, kind, package, version, target, priority)) {
      made.job = open->number;
      made.existed = true;
    } else {
      NewJob wanted;
      wanted.kind = kind;
      wanted.package = package;
      wanted.version = version;
      wanted.site = target.site;
      wanted.dps = target.dps;
      wanted.priority = priority.value_or(row.priority);
      wanted.total_bytes = kind == JobKind::remove ? 0 : content.bytes;
      wanted.whole = kind == JobKind::redistribute;
      const std::string evidence(word(kind));
      made.job = made.local ? jobs.accept_local(wanted, evidence) : jobs.accept(wanted, evidence);
      if (!made.local) {
        note_states(context_.ledger, jobs.get(made.job));
        tell_scheduler(context_.ledger, jobs.get(made.job));
      }
      context_.journal.write(Component::scheduler, Severity::info,
                             "job " + std::to_string(made.job) + " accepted: " + evidence + " " +
                                 package.str() + " version " + std::to_string(version) + " to " +
                                 target.site.str(),
                             {{"job", std::to_string(made.job)}, {"package", package.str()}});
    }
    transaction.commit();
    if (!made.local) Scheduler(context_).run(target.site);
    out.push_back(std::move(made));
  }
  return out;
}

std::vector<MadeJob> Distributor::ask(JobKind kind, const PackageRow& package,
                                      const std::vector<Target>& targets,
                                      std::optional<Priority> priority) {
  const SiteCode self = SiteBook(context_.ledger).self().code;
  for (const Target& target : targets)
    if (target.site != self) check_address(package, target.site);
  return make(kind, package, targets, priority);
}

std::vector<MadeJob> Distributor::distribute(const PackageId& package,
                                             const std::vector<Target>& targets,
                                             std::optional<Priority> priority) {
  return ask(JobKind::distribute, PackageBook(context_.ledger).get(package), targets, priority);
}

std::vector<MadeJob> Distributor::redistribute(const PackageId& package,
                                               const std::vector<Target>& targets,
                                               std::optional<Priority> priority) {
  return ask(JobKind::redistribute, PackageBook(context_.ledger).get(package), targets, priority);
}

// What was removed here may still be there.
std::vector<MadeJob> Distributor::retract(const PackageId& package,
                                          const std::vector<Target>& targets) {
  PackageBook packages(context_.ledger);
  const auto known = packages.find(package);
  return ask(JobKind::remove, known ? *known : packages.get(package), targets, {});
}

// The new version is made already, so an address that is missing stops nothing here: the job waits
// and its reason is shown.
std::vector<MadeJob> Distributor::distribute_update(const PackageId& package) {
  const PackageRow row = PackageBook(context_.ledger).get(package);
  SiteBook sites(context_.ledger);
  std::map<SiteCode, std::set<std::string>> dps_with_it;
  for (const PackageDpRow& state : PackageDpBook(context_.ledger).of_package(package))
    if (!state.key.dp.empty()) dps_with_it[state.key.site].insert(state.key.dp);
  std::map<SiteCode, Wanted> wanted;
  for (const JobRow& job : JobBook(context_.ledger).list())
    if (job.package == package) wanted[job.site].see(job, dps_with_it[job.site]);
  std::vector<Target> targets;
  for (const auto& [site, wish] : wanted) {
    const auto target = wish.target(site);
    if (target && sites.get(site).joined_now) targets.push_back(*target);
  }
  return make(JobKind::distribute, row, targets, {});
}

}  // namespace courier
