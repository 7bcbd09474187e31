#include "importer/item_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "importer/item_rules.h"
#include "importer/returned_rows.h"
#include "ledger/due.h"
#include "ledger/package_book.h"
#include "ledger/settings.h"
#include "ledger/status_log.h"
#include "ledger/transfer_book.h"
#include "signer/key_ring.h"

namespace courier {

int status_of(VerdictKind verdict) {
  switch (verdict) {
    case VerdictKind::refused:
      return row_of(ErrorCode::not_trusted).exit_status;
    case VerdictKind::damaged:
      return row_of(ErrorCode::damaged).exit_status;
    case VerdictKind::incomplete:
    case VerdictKind::quarantined:
      return row_of(ErrorCode::incomplete).exit_status;
    default:
      return 0;
  }
}

std::vector<RunItem> ItemRunner::run(const IncomingParcel& parcel, const RecordRanges& missing,
                                     const RecordRanges& without_base, ParcelProgress& progress) {
  std::vector<RunItem> done;
  const Time now = parts_.clock.now();
  std::vector<IncomingItem> items = IncomingBook{parts_.ledger}.items(parcel.label);
  const std::vector<double> parts = parts_to_publish(parts_, items);
  for (std::size_t i = 0; i < items.size(); ++i) {
    IncomingItem& row = items[i];
    progress_ = progress.next_item(parts[i]);
    const bool waits =
        row.state != ItemState::done && (!row.retry_at || is_due(*row.retry_at, now));
    if (waits || may_be_judged_again(row) || waits_for_shares(row)) {
      done.push_back(run_one(parcel, std::move(row), {missing, without_base}));
    } else {
      const int status = row.verdict ? status_of(*row.verdict) : 0;
      done.push_back(RunItem{std::move(row), status});
    }
  }
  return done;
}

bool ItemRunner::wants_content(const IncomingParcel& parcel) {
  IncomingBook incoming{parts_.ledger};
  PackageBook packages{parts_.ledger};
  const TrustedSite& sender = parts_.trust.require(parcel.id.from);
  for (const IncomingItem& row : incoming.items(parcel.label)) {
    if (row.state == ItemState::done && !may_be_judged_again(row)) continue;
    const Item item = decode_item(row.encoded);
    if (!needs_content(item)) continue;
    const ItemDecision decision =
        judge_item(parts_.keys.code(), sender, parcel, item, row.job, incoming, packages);
    if (!decision.verdict && why_malformed(item).empty()) return true;
  }
  return false;
}

void ItemRunner::expect_content(const IncomingParcel& parcel) {
  IncomingBook incoming{parts_.ledger};
  PackageBook packages{parts_.ledger};
  const TrustedSite& sender = parts_.trust.require(parcel.id.from);
  for (const IncomingItem& row : incoming.items(parcel.label)) {
    const Item item = decode_item(row.encoded);
    if (row.state == ItemState::done || !needs_content(item) || !why_malformed(item).empty()) {
      continue;
    }
    const ItemDecision decision =
        judge_item(parts_.keys.code(), sender, parcel, item, row.job, incoming, packages);
    // What is known already is waited for, or here.
    const bool is_known = packages.version(item.package, item.version).has_value();
    if (!decision.verdict && !is_known) expect(item, decision.newer_job);
  }
}

bool ItemRunner::waits_for_shares(const IncomingParcel& parcel) {
  const std::vector<IncomingItem> items = IncomingBook{parts_.ledger}.items(parcel.label);
  return std::any_of(items.begin(), items.end(),
                     [&](const IncomingItem& row) { return waits_for_shares(row); });
}

bool ItemRunner::waits_for_shares(const IncomingItem& row) {
  if (row.state != ItemState::done || row.verdict != VerdictKind::stored || row.local_job == 0) {
    return false;
  }
  const std::vector<TransferRow> transfers = TransferBook{parts_.ledger}.of_job(row.local_job);
  return std::any_of(transfers.begin(), transfers.end(), [](const TransferRow& transfer) {
    return transfer.state == TransferState::pending_restart;
  });
}

RunItem ItemRunner::run_one(const IncomingParcel& parcel, IncomingItem row,
                            const Lacking& records) {
  const Item item = decode_item(row.encoded);
  parts_.journal.write(Component::despooler, Severity::info,
                       fmt::format("{} item {}: {} {} begins", parcel.id.str(), row.index,
                                   kind_word(row.kind), item.package.str()),
                       {{"parcel", parcel.id.str()}, {"item", std::to_string(row.index)}});
  IncomingBook incoming{parts_.ledger};
  if (row.state == ItemState::waiting) {
    incoming.start_item(parcel.label, row.index);
    row.state = ItemState::executing;
  }
  // Carried out before a crash up to its DPs: judged then, and not again by its own traces.
  if (row.local_job != 0) return publish(std::move(row), item);

  PackageBook packages{parts_.ledger};
  const TrustedSite sender = parts_.trust.require(parcel.id.from);
  const ItemDecision decision =
      judge_item(parts_.keys.code(), sender, parcel, item, row.job, incoming, packages);
  if (decision.verdict) return finish(std::move(row), *decision.verdict, decision.reason);
  switch (*item.kind()) {
    case ItemKind::trust:
      return take_trust(parcel, std::move(row), item);
    case ItemKind::verdicts:
      return take_report(parcel, std::move(row), item);
    default:
      break;
  }
  if (std::string why = why_malformed(item); !why.empty() && *item.kind() != ItemKind::remove) {
    return finish(std::move(row), VerdictKind::refused, why);
  }
  switch (*item.kind()) {
    case ItemKind::announcement:
      return announce(parcel, std::move(row), item, decision.newer_job);
    case ItemKind::remove:
      return remove(parcel, std::move(row), item);
    default:
      return take_package(parcel, std::move(row), item, records, decision.newer_job);
  }
}

RunItem ItemRunner::retry_later(IncomingItem row, const std::string& reason, int status) {
  const Time again = parts_.clock.now() + Settings{parts_.ledger}.minutes("despool.retry-interval");
  IncomingBook{parts_.ledger}.retry_item(row.label, row.index, reason, again);
  row.state = ItemState::waiting;
  row.reason = reason;
  return RunItem{std::move(row), status};
}

RunItem ItemRunner::finish(IncomingItem row, VerdictKind verdict, const std::string& reason,
                           const RecordRanges& missing, const std::vector<Digest>& objects) {
  IncomingBook incoming{parts_.ledger};
  const std::vector<NumberRange> records = to_numbers(missing);
  if (row.state == ItemState::done) {
    if (row.verdict != verdict || row.reason != reason || row.missing_records != records ||
        row.missing_objects != objects) {
      incoming.restate_item(row.label, row.index, verdict, reason, records, objects);
    }
  } else {
    incoming.finish_item(row.label, row.index, verdict, reason, records, objects);
  }
  row.state = ItemState::done;
  row.verdict = verdict;
  row.reason = reason;
  parts_.journal.write(Component::despooler,
                       status_of(verdict) == 0 ? Severity::info : Severity::warning,
                       fmt::format("item {}: {} {} version {} {}{}{}", row.index,
                                   kind_word(row.kind), row.package.str(), row.version,
                                   word(verdict), reason.empty() ? "" : ": ", reason),
                       {{"package", row.package.str()}, {"verdict", std::string(word(verdict))}});
  if (verdict == VerdictKind::superseded) {
    StatusLog{parts_.ledger}.tell("C1", Severity::info, row.package,
                                  {row.package.str(), std::to_string(row.version), reason});
  }
  const int status = status_of(verdict);
  return RunItem{std::move(row), status};
}

}  // namespace courier
