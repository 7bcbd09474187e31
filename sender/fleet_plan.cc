#include "sender/fleet_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "ledger/package_book.h"
#include "parcel/label.h"
#include "sender/plan_memory.h"
#include "sender/proofs.h"
#include "sender/shared_content.h"

namespace courier {
namespace {

// Walking what every package has costs as much as planning for this many groups by themselves.
constexpr std::size_t kFewGroups = 8;

std::string wishes(const std::vector<PendingJob>& pending) {
  std::string text;
  for (const PendingJob& one : pending) {
    const JobRow& job = one.job;
    text += fmt::format("{} {} {} {} {} {}\n{}\n", static_cast<int>(job.kind), job.package.str(),
                        job.version, job.whole, one.ready, job.dps.size(), one.reason);
    for (const std::string& dp : job.dps) text += dp + "\n";
  }
  return text;
}

class Fleet {
 public:
  explicit Fleet(SenderParts& context) : context_(context), scheduler_(context) {}

  FleetPlan run(std::vector<SiteCode> sites, std::uint64_t max_bytes) {
    std::sort(sites.begin(), sites.end());
    sites.erase(std::unique(sites.begin(), sites.end()), sites.end());
    for (const SiteCode& site : sites) sort_in(site);
    std::optional<SharedContent> shared;
    if (groups_.size() > kFewGroups) memory_.shared = &shared.emplace(context_.store, packages());
    for (const auto& [identity, members] : groups_) {
      for (std::size_t at = 0; at < members.size(); at += kMaxAddressees) {
        const auto end = std::min(members.size(), at + kMaxAddressees);
        add({members.begin() + static_cast<std::ptrdiff_t>(at),
             members.begin() + static_cast<std::ptrdiff_t>(end)},
            max_bytes);
      }
    }
    std::stable_sort(fleet_.groups.begin(), fleet_.groups.end(),
                     [](const FleetGroup& a, const FleetGroup& b) {
                       return a.plan.parcel_bytes > b.plan.parcel_bytes;
                     });
    return std::move(fleet_);
  }

 private:
  void sort_in(const SiteCode& site) {
    std::vector<PendingJob> pending;
    try {
      pending = scheduler_.pending(site);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_allowed) throw;
      fleet_.problems.push_back({site, error.what()});
      return;
    }
    if (pending.empty()) {
      ++fleet_.without_jobs;
      return;
    }
    const Proof proof = Proof::of(context_.ledger, site);
    // By digest: ten thousand lists of what is held are not kept.
    const std::string identity = proof.identity() + "\n" + wishes(pending);
    std::vector<SiteCode>& group = groups_[digest_of(DigestKind::file, as_bytes(identity))];
    group.push_back(site);
    if (group.size() > 1) return;
    for (const Holding& held : proof.versions) roots_[held.package].insert(held.root);
    for (const PendingJob& one : pending)
      if (one.job.kind != JobKind::remove) wanted_.insert({one.job.package, one.job.version});
  }

  // Every root that is held or waited for.
  std::map<PackageId, std::vector<Digest>> packages() {
    for (const auto& [package, number] : wanted_) {
      const auto version = PackageBook(context_.ledger).version(package, number);
      if (version && !version->root.is_zero()) roots_[package].insert(version->root);
    }
    std::map<PackageId, std::vector<Digest>> out;
    for (const auto& [package, roots] : roots_) out[package] = {roots.begin(), roots.end()};
    return out;
  }

  void add(std::vector<SiteCode> sites, std::uint64_t max_bytes) {
    FleetGroup group;
    group.plan = ParcelPlanner(context_).plan({{sites.front()}, max_bytes}, memory_);
    group.plan.content.reset();  // the sets of ten thousand plans are not kept
    group.parcel_bytes = bytes_for(group.plan, sites.size());
    group.sites = std::move(sites);
    fleet_.groups.push_back(std::move(group));
  }

  SenderParts& context_;
  Scheduler scheduler_;
  PlanMemory memory_;
  std::map<Digest, std::vector<SiteCode>> groups_;
  std::map<PackageId, std::set<Digest>> roots_;
  std::set<std::pair<PackageId, std::uint32_t>> wanted_;
  FleetPlan fleet_;
};

}  // namespace

FleetPlan FleetPlanner::plan(const std::vector<SiteCode>& sites, std::uint64_t max_bytes) {
  return Fleet(context_).run(sites, max_bytes);
}

}  // namespace courier
