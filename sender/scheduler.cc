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

// The preferred sender's address, or the first that is usable: after priority 1 only those that may
// stand in for it.
std::optional<AddressRow> Scheduler::choose(const JobRow& job, std::string& reason) {
  const std::vector<AddressRow> addresses = AddressBook(context_.ledger).of(job.site);
  const std::string preferred = preferred_sender(context_.ledger, job.package);
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

void Scheduler::run() {
  std::set<SiteCode> sites;
  for (const JobStep step : {JobStep::accepted, JobStep::routed, JobStep::error})
    for (const JobRow& job : JobBook(context_.ledger).at(step)) sites.insert(job.site);
  for (const SiteCode& site : sites) run(site);
}

void Scheduler::run(const SiteCode& site) {
  JobBook jobs(context_.ledger);
  const Time now = context_.clock.now();
  const auto give_up_after = Settings(context_.ledger).days("job.retry-days");
  for (const JobRow& pending : jobs.pending(site)) {
    Transaction transaction(context_.ledger);
    JobRow job = jobs.get(pending.number);  // `cancel` and `set` wait for nobody
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
    const auto address = choose(job, reason);
    if (job.step == JobStep::routed && (!address || address->sender != job.sender)) {
      jobs.unroute(job.number, address ? "routed anew" : reason);
      job = jobs.get(job.number);
    }
    if (job.step == JobStep::accepted && address) {
      jobs.route(job.number, address->sender);
      context_.journal.write(
          Component::scheduler, Severity::info,
          "job " + std::to_string(job.number) + " to " + site.str() + " via " + address->sender,
          {{"job", std::to_string(job.number)}, {"package", job.package.str()}});
    } else if (job.step == JobStep::accepted && job.reason != reason) {
      jobs.note_reason(job.number, job.pending, reason);
    }
    transaction.commit();
  }
}

std::vector<PendingJob> Scheduler::pending(const SiteCode& site) {
  SiteBook(context_.ledger).get(site);
  run(site);
  std::vector<PendingJob> out;
  for (JobRow& job : JobBook(context_.ledger).pending(site)) {
    PendingJob one;
    std::string lacking;
    const auto address = choose(job, lacking);
    const std::string preferred = preferred_sender(context_.ledger, job.package);
    if (!address && preferred != "any" && !AddressBook(context_.ledger).find(site, preferred)) {
      throw Error(ErrorCode::not_allowed, "job " + std::to_string(job.number),
                  lacks_preferred(job, preferred))
          .with_hint("courier address add " + site.str() + " --sender " + preferred);
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
