// What a return says: see importer/return_parcel.h and parcel/return_report.h.
#include <algorithm>

#include "base/durable.h"
#include "importer/return_parcel.h"
#include "importer/returned_rows.h"
#include "ledger/dp_book.h"
#include "ledger/incoming_book.h"
#include "ledger/kept_content.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/site_book.h"
#include "ledger/status_log.h"
#include "signer/key_ring.h"
#include "signer/rights.h"
#include "signer/trust_list.h"
#include "store/store.h"

namespace courier {
namespace {

constexpr std::size_t kMaxMessages = 1000;  // the next return goes on where this one ends

std::optional<ReceivedState> state_of(IncomingState state) {
  switch (state) {
    case IncomingState::incomplete:
    case IncomingState::verifying:
      return ReceivedState::incomplete;
    case IncomingState::accepted:
      return ReceivedState::accepted;
    case IncomingState::processed:
      return ReceivedState::processed;
    case IncomingState::quarantined:
      return ReceivedState::quarantined;
    case IncomingState::refused:
      return ReceivedState::refused;
  }
  return std::nullopt;
}

// Of all lists of missing objects together, so that a return always fits into a packing list: what
// is beyond it is asked for as the whole.
constexpr std::size_t kMaxNamedObjects = 131'072;

MissingObjects missing_of(const std::vector<Digest>& objects, std::uint64_t count) {
  MissingObjects missing;
  if (count > objects.size() || count > kMaxMissingObjects) {
    missing.whole = true;
    return missing;
  }
  missing.objects = objects;
  std::sort(missing.objects.begin(), missing.objects.end());
  return missing;
}

ReportedVerdict verdict_of(const IncomingItem& item) {
  ReportedVerdict verdict;
  verdict.index = item.index;
  verdict.job = item.job;
  verdict.kind_code = item.kind;
  verdict.package = item.package;
  verdict.version = item.version;
  verdict.verdict = *item.verdict;
  verdict.reason = item.reason;
  const bool lacks =
      item.verdict == VerdictKind::damaged || item.verdict == VerdictKind::incomplete;
  if (lacks && item.missing_objects.empty()) {
    verdict.missing.whole = true;  // too many to have been listed
  } else if (lacks) {
    verdict.missing = missing_of(item.missing_objects, item.missing_objects.size());
  }
  return verdict;
}

ReceivedParcel received(IncomingBook& incoming, const IncomingParcel& parcel) {
  ReceivedParcel out;
  out.id = parcel.id;
  out.label_digest = parcel.label;
  out.state = *state_of(parcel.state);
  out.reason = parcel.reason;
  for (const IncomingItem& item : incoming.items(parcel.label)) {
    if (item.verdict) out.items.push_back(verdict_of(item));
  }
  bool lacks_records = out.state == ReceivedState::incomplete;
  for (const ReportedVerdict& verdict : out.items) {
    lacks_records = lacks_records || verdict.verdict == VerdictKind::damaged ||
                    verdict.verdict == VerdictKind::incomplete;
  }
  if (lacks_records) {
    // Without a count all that is known is where the gaps are: what follows is missing, too.
    out.missing_records =
        to_records(parcel.received).missing(parcel.record_count.value_or(UINT64_MAX));
  }
  return out;
}

// What this site holds and keeps of packages that `origin` may send, whole or in part.
void add_holdings(const ImporterParts& parts, const TrustedSite& origin, ReturnReport& report) {
  PackageBook packages{parts.ledger};
  const std::set<Digest> claimable = claimable_roots(parts.ledger);
  for (const PackageRow& package : packages.list()) {
    if (!may_send(origin, ItemKind::package, package.id)) continue;
    for (const VersionRow& version : packages.versions(package.id)) {
      ReportedHolding held;
      held.package = package.id;
      held.version = version.version;
      held.root = version.root;
      if (version.root.is_zero()) {
        if (version.stored) report.holdings.push_back(std::move(held));
        continue;
      }
      if (!claimable.contains(version.root)) continue;
      if (!version.stored && !parts.store.has(version.root)) continue;
      const ClosureResult closure = parts.store.missing(version.root, kMaxMissingObjects);
      held.missing = missing_of(closure.missing, closure.missing_count);
      if (version.stored && !closure.complete()) {
        packages.mark_not_stored(package.id, version.version);
      }
      report.holdings.push_back(std::move(held));
    }
  }
}

void add_dp_states(const ImporterParts& parts, const TrustedSite& origin, ReturnReport& report) {
  for (const PackageDpRow& row : PackageDpBook{parts.ledger}.list()) {
    if (row.key.site != parts.keys.code() || row.key.dp.empty()) continue;
    if (!may_send(origin, ItemKind::package, row.key.package)) continue;
    ReportedDpState state;
    state.dp = row.key.dp;
    state.package = row.key.package;
    state.version = row.version;
    state.served = row.served;
    state.state = static_cast<std::uint8_t>(row.state);
    state.invalid = row.invalid;
    state.reason = row.reason;
    state.as_of = row.as_of;
    report.dp_states.push_back(std::move(state));
  }
}

void add_space(const ImporterParts& parts, ReturnReport& report) {
  const SpaceInfo home = parts.fs.space(open_dir(parts.fs, parts.home));
  report.store_free_bytes = home.free_bytes;
  report.store_total_bytes = home.total_bytes;
  for (const DpRow& dp : DpBook{parts.ledger}.list()) {
    ReportedDpSpace space;
    space.dp = dp.name;
    for (const std::string& path : dp.paths) {
      try {
        const SpaceInfo drive = parts.fs.space(open_dir(parts.fs, path));
        space.free_bytes += drive.free_bytes;
        space.total_bytes += drive.total_bytes;
      } catch (const Error&) {
        // Not mounted: nothing is free there.
      }
    }
    report.dp_space.push_back(std::move(space));
  }
}

ReportedMessage reported(const StatusMessage& message) {
  ReportedMessage out;
  out.sequence = message.sequence;
  out.id = message.id;
  out.severity = static_cast<std::uint8_t>(message.severity);
  out.component = std::string(word(message.component));
  out.time = message.time;
  out.package = message.package;
  out.strings = message.strings;
  return out;
}

void add_messages(const ImporterParts& parts, const TrustedSite& origin, ReturnReport& report) {
  StatusLog log{parts.ledger};
  std::uint64_t after = log.acknowledged(origin.code);
  while (report.messages.size() < kMaxMessages) {
    const std::vector<StatusMessage> next = log.since(after, kMaxMessages);
    for (const StatusMessage& message : next) {
      after = message.sequence;
      const bool is_told =
          message.package.empty() || may_send(origin, ItemKind::package, message.package);
      if (is_told && report.messages.size() < kMaxMessages) {
        report.messages.push_back(reported(message));
      }
    }
    if (next.size() < kMaxMessages) break;
  }
}

void bound_lists(ReturnReport& report) {
  std::size_t named = 0;
  const auto bound = [&](MissingObjects& missing) {
    named += missing.objects.size();
    if (named <= kMaxNamedObjects || missing.objects.empty()) return;
    missing.objects.clear();
    missing.whole = true;
  };
  for (ReportedHolding& held : report.holdings) bound(held.missing);
  for (ReceivedParcel& parcel : report.parcels) {
    for (ReportedVerdict& verdict : parcel.items) bound(verdict.missing);
  }
}

}  // namespace

ReturnReport make_return_report(const ImporterParts& parts, const SiteCode& origin) {
  const SiteRow site = SiteBook{parts.ledger}.get(origin);
  const TrustedSite& trusted = parts.trust.require(origin);
  IncomingBook incoming{parts.ledger};
  ReturnReport report;
  report.incarnation = parts.keys.incarnation();
  report.features = kKnownCriticalFeatures;
  report.last_return_seen = site.acknowledged;
  for (const IncomingParcel& parcel : incoming.unreported(origin, site.acknowledged)) {
    if (!parcel.is_return) report.parcels.push_back(received(incoming, parcel));
  }
  add_holdings(parts, trusted, report);
  add_dp_states(parts, trusted, report);
  add_space(parts, report);
  for (std::uint64_t number : incoming.missing_numbers(origin, trusted.incarnation)) {
    report.parcels_not_received.add(number);
  }
  for (const auto& misdelivered : incoming.misdelivered(origin, site.acknowledged)) {
    report.misdelivered.push_back(
        ReportedMisdelivered{misdelivered.label, misdelivered.id.str(), misdelivered.time});
  }
  add_messages(parts, trusted, report);
  bound_lists(report);
  return report;
}

}  // namespace courier
