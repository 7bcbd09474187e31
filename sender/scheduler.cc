#include "sender/scheduler.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "ledger/due.h"
#include "ledger/package_book.h"
#include "ledger/settings.h"
#include "ledger/site_book.h"
#include "signer/key_ring.h"
#include "store/store.h"

namespace courier {
namespace {

std::string lacks_preferred(const JobRow& job, const std::string& sender) {
  return "package " + job.package.str() + " prefers sender " + sender + ": site " + job.site.str() +
         " has no " + sender + " address";
}

std::string preferred_sender(Ledger& ledger, const PackageId& package) {
  const auto row = PackageBook(ledger).find(package);
  return row ? row->sender : "any";
}

// The preferred sender's address, or the first that is usable: after priority 1 only those that may
// stand in for it.
std::optional<AddressRow> choose(const std::vector<AddressRow>& addresses, const JobRow& job,
                                 const std::string& preferred, std::string& reason) {
  if (preferred != "any") {
    for (const AddressRow& address : addresses) {
      if (address.sender != preferred) continue;
      if (address.enabled) return address;
      reason = "address " + address.sender + " is not enabled";
      return std::nullopt;
    }
    reason = lacks_preferred(job, preferred);
    return std::nullopt;
  }
  for (const AddressRow& address : addresses) {
    const bool is_first = &address == &addresses.front();
    if (address.enabled && (is_first || address.substitute)) return address;
  }
  reason = addresses.empty() ? "no address" : "no address is enabled";
  return std::nullopt;
}

bool is_whole(Store& store, const Digest& root) {
  try {
    return store.missing(root, 1).complete();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::incomplete && error.code() != ErrorCode::damaged) throw;
    return false;
  }
}

}  // namespace

std::string lacks_content(SenderParts& context, const JobRow& job) {
  if (job.kind == JobKind::remove) return {};
  const auto version = PackageBook(context.ledger).version(job.package, job.version);
  if (!version || version->root.is_zero() || is_whole(context.store, version->root)) return {};
  const bool is_own = job.package.origin() == context.keys.code();
  return "content of version " + std::to_string(job.version) + " not whole in the store here: " +
         (is_own ? "courier package update " + job.package.str() + " SOURCE"
                 : "ask site " + job.package.origin().str() + " to send it again");
}

void Scheduler::run() {
  std::set<SiteCode> sites;
  for (const JobStep step : {JobStep::accepted, JobStep::routed, JobStep::error})
    for (const JobRow& job : JobBook(context_.ledger).at(step)) sites.insert(job.site);
  for (const SiteCode& site : sites) run(site);
}

void Scheduler::run(const SiteCode& site) { routed(site); }

const std::string& Scheduler::preferred(const PackageId& package) {
  const auto [found, is_new] = preferred_.try_emplace(package);
  if (is_new) found->second = preferred_sender(context_.ledger, package);
  return found->second;
}

std::vector<JobRow> Scheduler::routed(const SiteCode& site) {
  JobBook jobs(context_.ledger);
  const Time now = context_.clock.now();
  const auto give_up_after = Settings(context_.ledger).days("job.retry-days");
  std::vector<JobRow> pending = jobs.pending(site);
  const std::vector<AddressRow> addresses = AddressBook(context_.ledger).of(site);
  // Most jobs stay as they are: only what is to change takes a transaction.
  const auto stays = [&](const JobRow& job) {
    if (job.step == JobStep::error) {
      const bool is_over = job.error_since && *job.error_since + give_up_after <= now;
      return !is_over && !(job.retry_at && is_due(*job.retry_at, now));
    }
    std::string reason;
    const auto address = choose(addresses, job, preferred(job.package), reason);
    if (job.step == JobStep::routed) return address && address->sender == job.sender;
    return job.step != JobStep::accepted || (!address && job.reason == reason);
  };
  bool is_changed = false;
  for (const JobRow& job : pending) {
    if (stays(job)) continue;
    is_changed = true;
    Transaction transaction(context_.ledger);
    advance(jobs.get(job.number), now, give_up_after);  // `cancel` and `set` wait for nobody
    transaction.commit();
  }
  return is_changed ? jobs.pending(site) : std::move(pending);
}

void Scheduler::advance(JobRow job, Time now, std::chrono::hours give_up_after) {
  JobBook jobs(context_.ledger);
  if (job.step == JobStep::error) {
    if (job.error_since && *job.error_since + give_up_after <= now) {
      jobs.give_up(job.number, job.reason);
      context_.journal.write(Component::scheduler, Severity::error,
                             "job " + std::to_string(job.number) + " failed: " + job.reason,
                             {{"job", std::to_string(job.number)}});
    } else if (job.retry_at && is_due(*job.retry_at, now)) {
      jobs.retry(job.number);
      job = jobs.get(job.number);
    }
  }
  std::string reason;
  const auto address = choose(AddressBook(context_.ledger).of(job.site), job,
                              preferred_sender(context_.ledger, job.package), reason);
  if (job.step == JobStep::routed && (!address || address->sender != job.sender)) {
    jobs.unroute(job.number, address ? "routed anew" : reason);
    job = jobs.get(job.number);
  }
  if (job.step == JobStep::accepted && address) {
    jobs.route(job.number, address->sender);
    context_.journal.write(
        Component::scheduler, Severity::info,
        "job " + std::to_string(job.number) + " to " + job.site.str() + " via " + address->sender,
        {{"job", std::to_string(job.number)}, {"package", job.package.str()}});
  } else if (job.step == JobStep::accepted && job.reason != reason) {
    jobs.note_reason(job.number, job.pending, reason);
  }
}

std::vector<PendingJob> Scheduler::pending(const SiteCode& site) {
  SiteBook(context_.ledger).get(site);
  std::vector<JobRow> jobs = routed(site);
  const std::vector<AddressRow> addresses = AddressBook(context_.ledger).of(site);
  std::vector<PendingJob> out;
  for (JobRow& job : jobs) {
    PendingJob one;
    std::string lacking;
    const std::string& sender = preferred(job.package);
    const auto address = choose(addresses, job, sender, lacking);
    const bool has_preferred = std::any_of(addresses.begin(), addresses.end(),
                                           [&](const AddressRow& a) { return a.sender == sender; });
    if (!address && sender != "any" && !has_preferred) {
      throw Error(ErrorCode::not_allowed, "job " + std::to_string(job.number),
                  lacks_preferred(job, sender))
          .with_hint("courier address add " + site.str() + " --sender " + sender);
    }
    one.ready = address && (job.step == JobStep::routed || job.step == JobStep::suspended);
    one.reason = address ? job.reason : lacking;
    if (one.ready && job.step == JobStep::suspended) one.reason = "did not fit in the last parcel";
    if (job.step == JobStep::error && job.retry_at)
      one.reason += ", tried again at " + iso8601(*job.retry_at);
    one.job = std::move(job);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace courier
