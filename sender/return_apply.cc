#include "sender/return_apply.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/site_book.h"
#include "ledger/status_log.h"
#include "sender/returned_verdicts.h"
#include "sender/scheduler.h"

namespace courier {
namespace {

// Why this return changes nothing; empty: it is the state.
std::string why_not(const ReceivedReturn& r, const SiteRow& site) {
  if (r.applied) return "already applied";
  if (site.incarnation.ordinal != 0 && r.incarnation != site.incarnation &&
      r.incarnation.ordinal <= site.incarnation.ordinal)
    return "older than incarnation " + site.incarnation.str();
  if (r.incarnation != site.incarnation) return {};
  if (r.label == site.last_return_label) return "already applied";
  const std::string last = ParcelId{r.id.from, r.id.to, site.last_return}.str();
  if (r.id.number < site.last_return) return "older than " + last;
  if (r.id.number == site.last_return) return "another return " + last + " was applied";
  return {};
}

// Parcels of ours that are on the road: what a return lacks of them may be lost.
std::vector<ParcelId> on_the_road(Ledger& ledger, const SiteCode& site,
                                  const std::vector<std::uint64_t>& numbers) {
  ParcelBook parcels(ledger);
  const SiteCode self = SiteBook(ledger).self().code;
  std::vector<ParcelId> out;
  for (const std::uint64_t number : numbers) {
    const ParcelId id{self, site, number};
    const auto row = parcels.find(id);
    const ParcelAddressee* a = row ? row->addressee(site) : nullptr;
    if (a && (a->state == ParcelState::created || a->state == ParcelState::sent)) out.push_back(id);
  }
  return out;
}

// The site's stored content as a row of its own (row type 1): what is wanted there against what the
// return proves. Packages without files have no such state.
std::vector<ReturnDpState> site_states(Ledger& ledger, const ReceivedReturn& r) {
  struct Held {
    std::uint32_t complete = 0, highest = 0;
  };
  std::map<PackageId, Held> packages;
  for (const Holding& holding : r.holdings) {
    if (holding.root.is_zero()) continue;
    Held& held = packages[holding.package];
    held.highest = std::max(held.highest, holding.version);
    if (holding.complete()) held.complete = std::max(held.complete, holding.version);
  }
  JobBook jobs(ledger);
  for (const JobRow& job : jobs.of(r.id.from)) {
    if (job.step != JobStep::confirmed || job.kind == JobKind::remove) continue;
    const auto current = jobs.current(r.id.from, job.package, job.dps);
    const auto version = PackageBook(ledger).version(job.package, job.version);
    if (!current || current->number != job.number || !version || version->root.is_zero()) continue;
    packages[job.package].highest = std::max(packages[job.package].highest, job.version);
  }
  std::vector<ReturnDpState> out;
  for (const auto& [package, held] : packages) {
    ReturnDpState state;
    state.package = package;
    state.version = held.highest;
    state.served = held.complete;
    state.as_of = r.written;
    if (held.complete == held.highest)
      state.state = PackageState::installed;
    else if (held.complete > 0)
      state.state = PackageState::content_updating;
    if (state.state != PackageState::installed)
      state.reason = "version " + std::to_string(held.highest) + " is not whole there";
    out.push_back(std::move(state));
  }
  return out;
}

void tell(SenderParts& context, const AppliedReturn& applied, const SiteCode& site) {
  const auto count = [](std::size_t n, const char* what) { return std::to_string(n) + what; };
  std::vector<std::string> strings = {applied.id.str(),
                                      count(applied.confirmed.size(), " confirmed"),
                                      count(applied.partly_confirmed.size(), " partly confirmed"),
                                      count(applied.jobs_again.size(), " to send again"),
                                      count(applied.jobs_failed.size(), " failed"),
                                      count(applied.repair_jobs.size(), " repair jobs")};
  for (const ParcelId& parcel : applied.not_received)
    strings.push_back("not received: " + parcel.str());
  const Severity severity = applied.not_received.empty() ? Severity::info : Severity::warning;
  StatusLog(context.ledger).tell("C7", severity, {}, std::move(strings));
  context.journal.write(Component::courier_sender, severity,
                        "return " + applied.id.str() + " of " + site.str() + " applied",
                        {{"return", applied.id.str()}});
}

}  // namespace

AppliedReturn ReturnApplier::apply(const ReceivedReturn& r) {
  AppliedReturn out;
  out.id = r.id;
  Transaction transaction(context_.ledger);
  SiteBook sites(context_.ledger);
  ReturnBook returns(context_.ledger);
  out.outcome = why_not(r, sites.get(r.id.from));
  if (!out.outcome.empty()) {
    if (!r.applied) returns.mark_applied(r.label, out.outcome);
    transaction.commit();
    context_.journal.write(Component::courier_sender, Severity::info,
                           "return " + r.id.str() + ": " + out.outcome, {{"return", r.id.str()}});
    return out;
  }
  sites.see_incarnation(r.id.from, r.incarnation);
  ReceivedReturn said = r;
  out.not_received = on_the_road(context_.ledger, r.id.from, r.not_received);
  said.not_received.clear();
  for (const ParcelId& id : out.not_received) said.not_received.push_back(id.number);
  returns.replace_proofs(r.id.from, said);

  ReturnedVerdicts verdicts(context_, r, out);
  verdicts.apply_verdicts();
  verdicts.conclude_parcels();
  std::vector<ReturnDpState> states = site_states(context_.ledger, r);
  verdicts.restate_jobs();
  states.insert(states.end(), r.dp_states.begin(), r.dp_states.end());
  // After the jobs: a row whose job is still under way is not the return's to say.
  PackageDpBook(context_.ledger).as_returned(r.id.from, states, r.id.str());

  // What it was to bring came with another one: it is not waited for.
  std::erase_if(out.not_received, [&](const ParcelId& id) {
    return std::find(out.confirmed.begin(), out.confirmed.end(), id) != out.confirmed.end();
  });
  out.outcome = "applied";
  out.changed = true;
  returns.mark_applied(r.label, out.outcome);
  tell(context_, out, r.id.from);
  transaction.commit();
  return out;
}

std::vector<AppliedReturn> ReturnApplier::apply_pending() {
  std::vector<AppliedReturn> out;
  std::set<SiteCode> sites;
  for (const ReceivedReturn& r : ReturnBook(context_.ledger).pending()) {
    out.push_back(apply(r));
    if (out.back().changed) sites.insert(r.id.from);
  }
  for (const SiteCode& site : sites) Scheduler(context_).run(site);
  return out;
}

}  // namespace courier
