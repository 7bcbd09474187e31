#include "ledger/package_dp_book.h"

#include <algorithm>
#include <map>
#include <set>

#include "ledger/arrows.h"
#include "ledger/job_book.h"
#include "ledger/package_book.h"
#include "ledger/sql.h"

namespace courier {
namespace {

using L = long long;
using S = std::string;

std::string code(PackageState s) { return std::to_string(static_cast<int>(s)); }
std::string subject(const PackageDpKey& key) { return "package on DP " + key.str(); }

std::vector<PackageDpRow> read(Ledger::Impl& db, const std::string& where, const std::string& a,
                               const std::string& b, const std::string& c) {
  using O = std::optional<L>;
  std::vector<PackageDpRow> out;
  sql::for_each<S, S, S, L, L, L, L, L, S, L, L, O, O, L, S, S, L, S>(
      db,
      "SELECT site, dp, package, version, served, state, pending, status, reason, whole, invalid,"
      " retries_left, retry_at, job, folder, drive, as_of, evidence FROM package_dp WHERE " +
          where + " ORDER BY package, site, dp",
      [&](const auto& row) {
        PackageDpRow& r = out.emplace_back();
        r.key = {sql::site_of(std::get<0>(row)), std::get<1>(row),
                 sql::package_of(std::get<2>(row))};
        r.version = static_cast<std::uint32_t>(std::get<3>(row));
        r.served = static_cast<std::uint32_t>(std::get<4>(row));
        r.state = static_cast<PackageState>(std::get<5>(row));
        r.pending = static_cast<PendingReason>(std::get<6>(row));
        r.status = static_cast<PackageStatus>(std::get<7>(row));
        r.reason = std::get<8>(row);
        r.whole = std::get<9>(row) != 0;
        r.invalid = std::get<10>(row) != 0;
        if (std::get<11>(row)) r.retries_left = static_cast<std::uint32_t>(*std::get<11>(row));
        r.retry_at = sql::time_of(std::get<12>(row));
        r.job = static_cast<std::uint64_t>(std::get<13>(row));
        r.folder = std::get<14>(row);
        r.drive = std::get<15>(row);
        r.as_of = sql::time_of(std::get<16>(row));
        r.evidence = std::get<17>(row);
      },
      a, b, c);
  return out;
}

void insert(Ledger::Impl& db, const PackageDpRow& r) {
  sql::run(db,
           "INSERT INTO package_dp VALUES(:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m, :n,"
           " :o, :p, :q, :r)",
           r.key.site, r.key.dp, r.key.package, r.version, r.served, r.state, r.pending, r.status,
           r.reason, r.whole, r.invalid, r.retries_left, r.retry_at, r.job, r.folder, r.drive,
           r.as_of, r.evidence);
}

// Writes a row back that was moved by an arrow.
void move(Ledger::Impl& db, PackageDpRow r, std::string_view event, PackageState to,
          const std::string& evidence) {
  require_arrow("package-dp", event, code(r.state), code(to), subject(r.key), word(r.state));
  record(db, "package-dp", r.key.str(), event, std::string(word(r.state)), std::string(word(to)),
         evidence);
  r.state = to;
  r.as_of = db.clock.now();
  r.evidence = evidence;
  sql::run(db,
           "UPDATE package_dp SET version = :a, served = :b, state = :c, pending = :d, status = :e,"
           " reason = :f, whole = :g, invalid = :h, retries_left = :i, retry_at = :j, job = :k,"
           " as_of = :l, evidence = :m WHERE site = :n AND dp = :o AND package = :p",
           r.version, r.served, r.state, r.pending, r.status, r.reason, r.whole, r.invalid,
           r.retries_left, r.retry_at, r.job, r.as_of, r.evidence, r.key.site, r.key.dp,
           r.key.package);
}

void erase(Ledger::Impl& db, const PackageDpKey& key) {
  sql::run(db, "DELETE FROM package_dp WHERE site = :s AND dp = :d AND package = :p", key.site,
           key.dp, key.package);
}

}  // namespace

std::string PackageDpKey::str() const {
  return site.str() + "/" + (dp.empty() ? "" : dp + "/") + package.str();
}

bool PackageDpBook::target(const PackageDpKey& key, std::uint32_t version, std::uint64_t job,
                           bool whole, PendingReason pending, const std::string& evidence,
                           bool forced) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  auto found = find(key);
  if (!found) {
    PackageDpRow r;
    r.key = key;
    r.version = version;
    r.whole = whole;
    r.pending = pending;
    r.job = job;
    r.as_of = db.clock.now();
    r.evidence = evidence;
    record(db, "package-dp", key.str(), "T1", "", std::string(word(r.state)), evidence);
    insert(db, r);
    transaction.commit();
    return true;
  }
  PackageDpRow r = *found;
  const bool removing = is_removal(r.state);
  const bool again = version == r.version && (whole || r.state == PackageState::install_failed);
  // T14: older or equal, and nothing newer was decided about it.
  if (version <= r.version && !again && !removing && !forced) return false;
  std::string_view event = "T12";
  PackageState to = PackageState::install_pending;
  if (r.state == PackageState::removal_failed) {
    event = "T20";
  } else if (r.state == PackageState::content_monitoring) {
    event = "T16";
  } else if (again &&
             (r.state == PackageState::installed || r.state == PackageState::install_failed)) {
    event = "T11";
  } else if (r.state == PackageState::content_updating ||
             (r.state == PackageState::installed && r.served > 0)) {
    to = PackageState::content_updating;
  } else if (r.state == PackageState::installed) {
    event = "T11";  // installed, yet nothing served: a package whose files were taken away
  }
  r.version = version;
  r.whole = whole;
  r.pending = pending;
  r.reason.clear();
  r.invalid = r.invalid && to == PackageState::content_updating;
  r.retries_left.reset();
  r.retry_at.reset();
  r.job = job;
  move(db, r, event, to, evidence);
  transaction.commit();
  return true;
}

void PackageDpBook::pending(const PackageDpKey& key, PendingReason reason, const std::string& text,
                            const std::string& evidence) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  PackageDpRow r = get(key);
  // A version that is served stays so while the next one travels; without its content it does not
  // get updated any more.
  const bool lacks = reason == PendingReason::waiting_for_content;
  const PackageState to = r.state == PackageState::content_updating && !lacks
                              ? PackageState::content_updating
                              : PackageState::install_pending;
  r.pending = reason;
  r.reason = text;
  move(db, r, lacks || to != r.state ? "T13" : "T2", to, evidence);
  transaction.commit();
}

void PackageDpBook::installed(const PackageDpKey& key, const std::string& evidence) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  PackageDpRow r = get(key);
  r.served = r.version;
  r.pending = PendingReason::none;
  r.reason.clear();
  r.whole = false;
  r.invalid = false;
  r.retries_left.reset();
  r.retry_at.reset();
  if (key.dp.empty()) r.status = PackageStatus::installed;
  move(db, r, r.state == PackageState::content_monitoring ? "T16" : "T5", PackageState::installed,
       evidence);
  transaction.commit();
}

void PackageDpBook::failed_attempt(const PackageDpKey& key, const std::string& reason,
                                   std::uint32_t left, Time retry_at) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  PackageDpRow r = get(key);
  r.pending = PendingReason::none;
  r.reason = reason;
  r.retries_left = left;
  r.retry_at = retry_at;
  move(db, r, r.state == PackageState::install_retrying ? "T7" : "T6",
       PackageState::install_retrying, reason);
  transaction.commit();
}

void PackageDpBook::failed(const PackageDpKey& key, const std::string& reason) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  PackageDpRow r = get(key);
  r.reason = reason;
  r.retries_left = 0;
  r.retry_at.reset();
  move(db, r, "T8", PackageState::install_failed, reason);
  transaction.commit();
}

void PackageDpBook::cancel(const PackageDpKey& key, const std::string& who) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  PackageDpRow r = get(key);
  // A removal that is not to happen any more can be asked for again (T20).
  if (is_removing(r.state)) {
    removal_failed(key, "cancelled by " + who, {}, {});
    return transaction.commit();
  }
  r.reason = "cancelled by " + who;
  if (r.served > 0) r.reason += ", version " + std::to_string(r.served) + " still served";
  r.pending = PendingReason::none;
  r.retries_left.reset();
  r.retry_at.reset();
  move(db, r, "T9", PackageState::install_failed, "cancelled by " + who);
  transaction.commit();
}

void PackageDpBook::invalid(const PackageDpKey& key, const std::string& what) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  PackageDpRow r = get(key);
  r.invalid = true;
  r.reason = what;
  move(db, r, "T15", PackageState::installed, what);
  transaction.commit();
}

void PackageDpBook::retract(const PackageDpKey& key, std::uint64_t job,
                            const std::string& evidence) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  PackageDpRow r = get(key);
  if (is_removing(r.state)) {
    sql::run(db, "UPDATE package_dp SET job = :j WHERE site = :s AND dp = :d AND package = :p", job,
             key.site, key.dp, key.package);
    transaction.commit();
    return;
  }
  r.pending = PendingReason::none;
  r.reason.clear();
  r.retries_left.reset();
  r.retry_at.reset();
  r.job = job;
  move(db, r, r.state == PackageState::removal_failed ? "T20" : "T17",
       PackageState::removal_pending, evidence);
  transaction.commit();
}

void PackageDpBook::removed(const PackageDpKey& key, const std::string& evidence) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const PackageDpRow r = get(key);
  require_arrow("package-dp", "T18", code(r.state), "", subject(key), word(r.state));
  record(db, "package-dp", key.str(), "T18", std::string(word(r.state)), "", evidence);
  erase(db, key);
  transaction.commit();
}

void PackageDpBook::removal_failed(const PackageDpKey& key, const std::string& reason,
                                   std::optional<std::uint32_t> left,
                                   std::optional<Time> retry_at) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  PackageDpRow r = get(key);
  r.reason = reason;
  r.retries_left = left;
  r.retry_at = retry_at;
  const bool retries = left && *left > 0;
  move(db, r, "T19", retries ? PackageState::removal_retrying : PackageState::removal_failed,
       reason);
  transaction.commit();
}

void PackageDpBook::hand_over(const PackageDpKey& key, std::uint64_t job) {
  sql::run(ledger_.impl(),
           "UPDATE package_dp SET job = :j WHERE site = :s AND dp = :d AND package = :p", job,
           key.site, key.dp, key.package);
}

void PackageDpBook::place(const PackageDpKey& key, const std::string& folder,
                          const std::string& drive) {
  sql::run(ledger_.impl(),
           "UPDATE package_dp SET folder = :f, drive = :g WHERE site = :s AND dp = :d"
           " AND package = :p",
           folder, drive, key.site, key.dp, key.package);
}

void PackageDpBook::as_returned(const SiteCode& site, const std::vector<ReturnDpState>& states,
                                const std::string& return_id) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  JobBook jobs(ledger_);
  std::set<PackageDpKey> told;
  const std::string evidence = "return " + return_id;
  // A row whose job is still under way cannot be known to the return.
  const auto is_open = [&](const PackageDpRow& r) {
    const auto job = r.job == 0 ? std::nullopt : jobs.find(r.job);
    return job && !is_ended(job->step);
  };
  for (const auto& s : states) {
    const PackageDpKey key{site, s.dp, s.package};
    told.insert(key);
    PackageDpRow r;
    const auto before = find(key);
    if (before) r = *before;
    r.key = key;
    r.served = s.served;
    r.invalid = s.invalid;
    r.as_of = s.as_of;
    r.evidence = evidence;
    const bool open = before && is_open(*before);
    if (open &&
        (r.state == PackageState::install_pending || r.state == PackageState::content_updating)) {
      r.state = r.served > 0 && r.served != r.version && !r.whole ? PackageState::content_updating
                                                                  : PackageState::install_pending;
    } else if (!open) {
      r.version = s.version;
      r.state = s.state;
      r.pending = s.state != PackageState::install_pending ? PendingReason::none
                  : s.dp.empty()                           ? PendingReason::waiting_for_content
                                                           : PendingReason::queued;
      r.reason = s.reason;
      r.whole = false;
      if (s.dp.empty())
        r.status =
            s.state == PackageState::installed ? PackageStatus::installed : PackageStatus::received;
    }
    if (!before || before->state != r.state)
      record(db, "package-dp", key.str(), "return", before ? std::string(word(before->state)) : "",
             std::string(word(r.state)), evidence);
    if (before) erase(db, key);
    insert(db, r);
  }
  for (auto& r : read(db, "site = :a AND '' = :b AND '' = :c", site.str(), "", "")) {
    if (told.contains(r.key)) continue;
    if (is_open(r)) {
      if (r.state == PackageState::content_updating) {
        erase(db, r.key);
        r.state = PackageState::install_pending;
        r.served = 0;
        insert(db, r);
      }
      continue;
    }
    record(db, "package-dp", r.key.str(), "return", std::string(word(r.state)), "", evidence);
    erase(db, r.key);
  }
  transaction.commit();
}

void PackageDpBook::forget_site(const SiteCode& site) {
  sql::run(ledger_.impl(), "DELETE FROM package_dp WHERE site = :s", site);
}

std::optional<PackageDpRow> PackageDpBook::find(const PackageDpKey& key) {
  auto found = read(ledger_.impl(), "site = :a AND dp = :b AND package = :c", key.site.str(),
                    key.dp, key.package.str());
  if (found.empty()) return std::nullopt;
  return found.front();
}

PackageDpRow PackageDpBook::get(const PackageDpKey& key) {
  if (auto r = find(key)) return *r;
  throw Error(ErrorCode::not_found, subject(key), "it was never targeted");
}

std::vector<PackageDpRow> PackageDpBook::list() {
  return read(ledger_.impl(), "'' = :a AND '' = :b AND '' = :c", "", "", "");
}
std::vector<PackageCount> PackageDpBook::counts() {
  const sql::Moment moment(ledger_.impl());
  std::map<PackageId, std::uint32_t> sources;
  for (const PackageRow& package : PackageBook(ledger_).list())
    sources[package.id] = package.source_version;
  std::vector<PackageCount> out;
  // In the order of the index package_dp_states: a million rows are read once and sorted never.
  sql::for_each<S, S, L, L, L, L>(
      ledger_.impl(),
      "SELECT package, dp, state, version, invalid, count(*) FROM package_dp"
      " GROUP BY package, dp, state, version, invalid ORDER BY package",
      [&](const auto& row) {
        const PackageId package = sql::package_of(std::get<0>(row));
        const auto source = sources.find(package);
        if (source == sources.end()) return;
        if (out.empty() || out.back().package != package) out.push_back({.package = package});
        PackageCount& count = out.back();
        const auto rows = static_cast<std::uint64_t>(std::get<5>(row));
        if (std::get<1>(row).empty()) {
          count.sites += rows;
          return;
        }
        count.targeted += rows;
        if (std::get<4>(row) != 0) count.invalid += rows;
        switch (static_cast<PackageState>(std::get<2>(row))) {
          case PackageState::installed:
            if (std::get<3>(row) == source->second) count.installed += rows;
            break;
          case PackageState::install_retrying:
          case PackageState::removal_retrying:
            count.retrying += rows;
            break;
          case PackageState::install_failed:
          case PackageState::removal_failed:
            count.failed += rows;
            break;
          default:
            break;
        }
      });
  return out;
}
std::vector<PackageDpRow> PackageDpBook::of_site(const SiteCode& site) {
  return read(ledger_.impl(), "site = :a AND '' = :b AND '' = :c", site.str(), "", "");
}
std::vector<PackageDpRow> PackageDpBook::of_package(const PackageId& package) {
  return read(ledger_.impl(), "package = :a AND '' = :b AND '' = :c", package.str(), "", "");
}
std::vector<PackageDpRow> PackageDpBook::of_dp(const SiteCode& site, const std::string& dp) {
  return read(ledger_.impl(), "site = :a AND dp = :b AND '' = :c", site.str(), dp, "");
}

}  // namespace courier
