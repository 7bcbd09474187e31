#include "importer/item_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "base/safe_path.h"
#include "importer/item_rules.h"
#include "importer/offers.h"
#include "importer/returned_rows.h"
#include "ledger/dp_book.h"
#include "ledger/due.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/settings.h"
#include "ledger/status_log.h"
#include "ledger/transfer_book.h"
#include "signer/key_ring.h"
#include "signer/rights.h"
#include "store/store.h"
#include "store/tree_check.h"

namespace courier {
namespace {

bool may_be_judged_again(const IncomingItem& row) {
  return row.state == ItemState::done &&
         (row.verdict == VerdictKind::damaged || row.verdict == VerdictKind::incomplete ||
          row.verdict == VerdictKind::refused);
}

std::string kind_text(std::uint8_t kind) {
  Item item;
  item.kind_code = kind;
  return kind_word(item);
}

// The last part of a share name; empty: the package ID is the folder's name.
std::string folder_name(const Item& item) {
  const std::size_t slash = item.share_name.rfind('/');
  return slash == std::string::npos ? item.share_name : item.share_name.substr(slash + 1);
}

std::string why_malformed(const Item& item) {
  if (item.version == 0) return "the item names no version";
  if (needs_content(item) && item.root.is_zero()) return "the item names no content";
  const std::string folder = folder_name(item);
  if (!folder.empty() && (!SafeName::is_safe(folder) || folder.front() == '.')) {
    return "the share name '" + escaped(item.share_name) + "' cannot be used";
  }
  return "";
}

// An older version, or the same number with other content: a newer version needs no exception.
bool is_replacement(const Item& item, PackageBook& packages) {
  auto package = packages.find(item.package);
  if (!package) return false;
  if (item.version < package->stored_version || item.version < package->source_version) return true;
  auto known = packages.version(item.package, item.version);
  return known && known->root != item.root;
}

PackageRow package_of(const Item& item, Time now) {
  PackageRow row;
  row.id = item.package;
  row.name = item.package_name;
  row.comment = item.comment;
  row.source_version = item.version;
  row.no_source = item.no_files;
  row.share_name = folder_name(item);
  row.created = now;
  return row;
}

VersionRow version_of(const Item& item, Time now) {
  VersionRow row;
  row.package = item.package;
  row.version = item.version;
  row.root = item.root;
  row.files = item.files;
  row.bytes = item.content_bytes;
  row.created = now;
  return row;
}

// Why the tree can be written nowhere; empty: nothing is wrong with what is here of it.
std::string why_malformed_tree(Store& store, const Digest& root) {
  try {
    check_tree(store, root);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged && error.code() != ErrorCode::incomplete) throw;
    // A block that went bad in this store is no fault of the tree: it counts as missing by now.
    if (store.missing(root, 1).complete()) return error.what();
  }
  return "";
}

}  // namespace

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

int combined_status(const std::vector<int>& statuses) {
  if (statuses.empty()) return 0;
  const bool alike = std::all_of(statuses.begin(), statuses.end(),
                                 [&](int status) { return status == statuses.front(); });
  return alike ? statuses.front() : row_of(ErrorCode::partly_done).exit_status;
}

Bytes encode_item(const Item& item, std::uint64_t job) {
  PackingList list;
  list.items.push_back(item);
  list.items.front().jobs = {job};
  return encode_packing_list(list, 1);
}

Item decode_item(ByteView encoded) {
  PackingList list = parse_packing_list(encoded, 1);
  if (list.items.size() != 1) {
    throw Error{ErrorCode::damaged, "item of an incoming parcel", "is not one item"};
  }
  return std::move(list.items.front());
}

std::vector<RunItem> ItemRunner::run(const IncomingParcel& parcel, const RecordRanges& missing) {
  std::vector<RunItem> done;
  const Time now = parts_.clock.now();
  for (IncomingItem& row : IncomingBook{parts_.ledger}.items(parcel.label)) {
    const bool waits =
        row.state != ItemState::done && (!row.retry_at || is_due(*row.retry_at, now));
    if (waits || may_be_judged_again(row) || waits_for_shares(row)) {
      done.push_back(run_one(parcel, std::move(row), missing));
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
                            const RecordRanges& missing) {
  const Item item = decode_item(row.encoded);
  parts_.journal.write(Component::despooler, Severity::info,
                       fmt::format("{} item {}: {} {} begins", parcel.id.str(), row.index,
                                   kind_text(row.kind), item.package.str()),
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
      return take_package(parcel, std::move(row), item, missing, decision.newer_job);
  }
}

RunItem ItemRunner::take_package(const IncomingParcel& parcel, IncomingItem row, const Item& item,
                                 const RecordRanges& missing, bool newer_job) {
  if (needs_content(item)) {
    const ClosureResult closure = parts_.store.missing(item.root, kMaxMissingObjects + 1);
    if (closure.malformed) {
      return finish(std::move(row), VerdictKind::refused,
                    "its content is malformed: " + *closure.malformed);
    }
    if (!closure.complete()) {
      std::vector<Digest> objects = closure.missing;
      if (closure.missing_count > kMaxMissingObjects) objects.clear();
      std::sort(objects.begin(), objects.end());
      expect(item, newer_job);
      if (!missing.empty()) {
        return finish(std::move(row), VerdictKind::damaged,
                      fmt::format("{} of the parcel damaged or missing, and with {} {} of the "
                                  "content",
                                  counted(missing.size(), "record is", "records are"),
                                  missing.size() == 1 ? "it" : "them",
                                  counted(closure.missing_count, "object", "objects")),
                      missing, objects);
      }
      std::string base = item.bases.empty() ? "its content is not whole" : "its base is not here";
      for (const BaseRef& ref : item.bases) {
        base += fmt::format(" ({} version {})", ref.package.str(), ref.version);
      }
      return finish(std::move(row), VerdictKind::incomplete,
                    fmt::format("{}: {} missing", base,
                                counted(closure.missing_count, "object is", "objects are")),
                    {}, objects);
    }
    if (const std::string why = why_malformed_tree(parts_.store, item.root); !why.empty()) {
      return finish(std::move(row), VerdictKind::refused, "its content is malformed: " + why);
    }
  }
  record_stored(parcel, row, item, newer_job);
  if (row.state == ItemState::done && !may_be_judged_again(row)) {
    return RunItem{std::move(row), 0};
  }
  return publish(std::move(row), item);
}

// What did not come whole is waited for: announced, and Install Pending where it is to go (T4,
// T13).
void ItemRunner::expect(const Item& item, bool newer_job) {
  const Time now = parts_.clock.now();
  std::string unknown;
  const std::vector<std::string> dps = known_dps(item, unknown);
  PackageBook packages{parts_.ledger};
  Transaction transaction{parts_.ledger};
  packages.announce(package_of(item, now), version_of(item, now), newer_job);
  if (item.dps.empty() || !dps.empty()) {
    parts_.distribution.target(item.package, item.version, dps, PublishMode::install);
  }
  transaction.commit();
}

// The one transaction: what is stored, in which order, and where it is to go.
void ItemRunner::record_stored(const IncomingParcel& parcel, IncomingItem& row, const Item& item,
                               bool newer_job) {
  IncomingBook incoming{parts_.ledger};
  PackageBook packages{parts_.ledger};
  const Time now = parts_.clock.now();
  std::string unknown;
  const std::vector<std::string> dps = known_dps(item, unknown);
  Transaction transaction{parts_.ledger};
  const bool replaces = newer_job && is_replacement(item, packages);
  packages.announce(package_of(item, now), version_of(item, now), newer_job);
  packages.mark_stored(item.package, item.version, true);
  if (row.job != 0) {
    incoming.set_executed(parcel.id.from, item.package,
                          ExecutedJob{parcel.sender_incarnation, row.job});
  }
  StatusLog{parts_.ledger}.tell(
      "4400", Severity::info, item.package,
      {item.package.str(), std::to_string(item.version), parts_.home + "/store"});
  const bool nowhere =
      item.no_files || (!item.dps.empty() && dps.empty()) || DpBook{parts_.ledger}.list().empty();
  if (!nowhere) {
    const PublishMode mode = replaces                                ? PublishMode::replace
                             : item.kind() == ItemKind::redistribute ? PublishMode::redistribute
                                                                     : PublishMode::install;
    const PublishReport targets = parts_.distribution.target(item.package, item.version, dps, mode);
    row.local_job = targets.job;
    if (targets.job != 0) incoming.set_local_job(row.label, row.index, targets.job);
    if (targets.job == 0 && !targets.outcomes.empty()) {
      row = finish(std::move(row), VerdictKind::installed, "").row;
    }
  }
  if (row.local_job == 0 && (row.state != ItemState::done || may_be_judged_again(row))) {
    row = finish(std::move(row), VerdictKind::stored, unknown).row;
  }
  transaction.commit();
}

RunItem ItemRunner::publish(IncomingItem row, const Item& item) {
  const PublishReport report = parts_.distribution.run_due(progress_, item.package);
  std::vector<int> statuses;
  std::string hint;
  for (const DpOutcome& outcome : report.outcomes) {
    if (outcome.package != item.package) continue;
    // The DPs that serve it take nothing from what stops the others.
    if (outcome.error) statuses.push_back(row_of(*outcome.error).exit_status);
    if (hint.empty()) hint = outcome.hint;
  }
  // What the rows say is the state, also when a crash lost this run's answer.
  std::string failures;
  const std::vector<std::string> dps = known_dps(item, failures);
  for (const PackageDpRow& at : PackageDpBook{parts_.ledger}.of_package(item.package)) {
    if (at.key.site != parts_.keys.code() || at.key.dp.empty()) continue;
    if (!dps.empty() && std::find(dps.begin(), dps.end(), at.key.dp) == dps.end()) continue;
    if (at.state == PackageState::installed && at.version == item.version) continue;
    if (!failures.empty()) failures += "; ";
    failures += at.key.dp + ": " + std::string(word(at.state));
    if (at.version != item.version) failures += fmt::format(", version {}", at.version);
    if (!at.reason.empty()) failures += ", " + at.reason;
  }
  RunItem run = finish(std::move(row),
                       failures.empty() ? VerdictKind::installed : VerdictKind::stored, failures);
  run.status = combined_status(statuses);
  run.hint = hint;
  return run;
}

RunItem ItemRunner::announce(const IncomingParcel& parcel, IncomingItem row, const Item& item,
                             bool newer_job) {
  PackageBook packages{parts_.ledger};
  // An origin built anew decides with lower numbers, too. Within one incarnation a lower number is
  // that of an announcement that comes late.
  const auto last = IncomingBook{parts_.ledger}.last_executed(parcel.id.from, item.package);
  const bool anew = newer_job && last && last->incarnation != parcel.sender_incarnation;
  const Time now = parts_.clock.now();
  Transaction transaction{parts_.ledger};
  const bool newer = packages.announce(package_of(item, now), version_of(item, now), anew);
  RunItem run;
  if (!newer) {
    const std::string reason = fmt::format("version {} is announced, version {} is known",
                                           item.version, packages.get(item.package).source_version);
    parts_.journal.write(Component::despooler, Severity::info, item.package.str() + ": " + reason,
                         {{"package", item.package.str()}});
    run = finish(std::move(row), VerdictKind::superseded, reason);
  } else {
    std::string unknown;
    const std::vector<std::string> dps = known_dps(item, unknown);
    auto version = packages.version(item.package, item.version);
    const bool here = version && version->stored;
    if (!here && !item.no_files && (item.dps.empty() || !dps.empty())) {
      parts_.distribution.target(item.package, item.version, dps, PublishMode::install);
    }
    run = finish(std::move(row), VerdictKind::announced, unknown);
  }
  transaction.commit();
  return run;
}

RunItem ItemRunner::remove(const IncomingParcel& parcel, IncomingItem row, const Item& item) {
  IncomingBook incoming{parts_.ledger};
  PackageBook packages{parts_.ledger};
  std::string unknown;
  const std::vector<std::string> dps = known_dps(item, unknown);
  const bool whole_site = item.dps.empty();
  const auto package = packages.find(item.package);
  const bool is_here = package && !package->removed;
  if (is_here && (whole_site || !dps.empty())) {
    const PublishReport report = parts_.distribution.take_away(item.package, dps, progress_);
    for (const DpOutcome& outcome : report.outcomes) {
      if (outcome.removed) continue;
      return retry_later(std::move(row), outcome.dp + ": " + outcome.reason,
                         outcome.error ? row_of(*outcome.error).exit_status : 0);
    }
  }
  Transaction transaction{parts_.ledger};
  try {
    if (whole_site && is_here) packages.remove(item.package);
  } catch (const Error& error) {
    // A job still uses it: it goes when that job is through, and its neighbours go now.
    if (error.code() != ErrorCode::not_allowed) throw;
    RunItem waits = retry_later(std::move(row), error.happened(), error.exit_status());
    transaction.commit();
    return waits;
  }
  if (row.job != 0) {
    incoming.set_executed(parcel.id.from, item.package,
                          ExecutedJob{parcel.sender_incarnation, row.job});
  }
  RunItem run = finish(std::move(row), VerdictKind::removed, unknown);
  transaction.commit();
  return run;
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
                                   kind_text(row.kind), row.package.str(), row.version,
                                   word(verdict), reason.empty() ? "" : ": ", reason),
                       {{"package", row.package.str()}, {"verdict", std::string(word(verdict))}});
  if (verdict == VerdictKind::superseded) {
    StatusLog{parts_.ledger}.tell("C1", Severity::info, row.package,
                                  {row.package.str(), std::to_string(row.version), reason});
  }
  const int status = status_of(verdict);
  return RunItem{std::move(row), status};
}

// The DPs an item names that are here; all when it names none. unknown: says which are not.
std::vector<std::string> ItemRunner::known_dps(const Item& item, std::string& unknown) {
  std::vector<std::string> known;
  DpBook book{parts_.ledger};
  for (const std::string& dp : item.dps) {
    if (book.find(dp)) {
      known.push_back(dp);
    } else {
      unknown += (unknown.empty() ? "" : "; ") + ("no distribution point " + escaped(dp) + " here");
    }
  }
  return known;
}

}  // namespace courier
