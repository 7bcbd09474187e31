// Items of the item runner that are about packages: content, announcements and removals.
#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "importer/item_rules.h"
#include "importer/item_runner.h"
#include "importer/returned_rows.h"
#include "importer/volume_set.h"
#include "ledger/dp_book.h"
#include "ledger/job_book.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/status_log.h"
#include "ledger/transfer_book.h"
#include "parcel/return_report.h"
#include "signer/key_ring.h"
#include "store/store.h"
#include "store/tree_check.h"

namespace courier {
namespace {

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

// The local job that was made when this version was announced, and waits for its content: it goes
// on. Another one would leave it behind as superseded. 0: there is none.
std::uint64_t waiting_job(const ImporterParts& parts, const Item& item,
                          const std::vector<std::string>& dps) {
  const auto job = JobBook{parts.ledger}.current(parts.keys.code(), item.package, dps);
  const bool waits = job && job->step == JobStep::local && job->kind == JobKind::distribute &&
                     job->version == item.version && job->dps == dps &&
                     TransferBook{parts.ledger}.of_job(job->number).empty();
  return waits ? job->number : 0;
}

}  // namespace

RunItem ItemRunner::take_package(const IncomingParcel& parcel, IncomingItem row, const Item& item,
                                 const Lacking& records, bool newer_job) {
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
      RecordRanges damaged = without(records.missing, records.without_base);
      // Judged without the medium: what it lacked then is what it lacks now.
      if (row.verdict == VerdictKind::incomplete) {
        damaged = without(damaged, to_records(row.missing_records));
      }
      if (!damaged.empty()) {
        return finish(std::move(row), VerdictKind::damaged,
                      fmt::format("{} damaged or missing, and with {} {} of the content",
                                  counted(damaged.size(), "record of the parcel is",
                                          "records of the parcel are"),
                                  damaged.size() == 1 ? "it" : "them",
                                  counted(closure.missing_count, "object", "objects")),
                      records.missing, objects);
      }
      std::string base = item.bases.empty() ? "its content is not whole" : "its base is not here";
      for (const BaseRef& ref : item.bases) {
        base += fmt::format(" ({} version {})", ref.package.str(), ref.version);
      }
      return finish(std::move(row), VerdictKind::incomplete,
                    fmt::format("{}: {} missing", base,
                                counted(closure.missing_count, "object is", "objects are")),
                    records.missing, objects);
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
    const std::uint64_t waiting =
        mode == PublishMode::redistribute ? 0 : waiting_job(parts_, item, dps);
    const PublishReport targets =
        parts_.distribution.target(item.package, item.version, dps, mode, waiting);
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
