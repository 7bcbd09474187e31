#include "ledger/site_book.h"

#include "ledger/arrows.h"
#include "ledger/incoming_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/restore.h"
#include "ledger/return_book.h"
#include "ledger/sql.h"

namespace courier {
namespace {

using L = long long;
using S = std::string;

std::vector<SiteRow> read(Ledger::Impl& db, const std::string& where, const std::string& value) {
  const sql::Moment moment(db);
  std::vector<SiteRow> out;
  for (auto& [code, name, role, incarnation, number, label, time, applied] :
       sql::rows<S, S, L, S, L, S, std::optional<L>, std::optional<L>>(
           db,
           "SELECT code, name, role, incarnation, last_return, last_return_label,"
           " last_return_time, last_return_applied FROM site WHERE " +
               where + " ORDER BY role <> 0, code",
           value)) {
    SiteRow r;
    r.code = sql::site_of(code);
    r.name = name;
    r.role = static_cast<SiteRole>(role);
    r.incarnation = sql::incarnation_of(incarnation);
    r.last_return = static_cast<std::uint64_t>(number);
    r.last_return_label = sql::digest_of_hex(label);
    r.last_return_time = sql::time_of(time);
    r.last_return_applied = sql::time_of(applied);
    const auto rest = sql::row<L, L, L, L, S, L, L>(
        db,
        "SELECT acknowledged, free_bytes, format_version, features, not_received, joined,"
        " joined_now FROM site WHERE code = :c",
        code);
    const auto& [acknowledged, free, format, features, missing, joined, now] = *rest;
    r.acknowledged = static_cast<std::uint64_t>(acknowledged);
    r.free_bytes = static_cast<std::uint64_t>(free);
    r.format_version = static_cast<std::uint16_t>(format);
    r.features = static_cast<std::uint64_t>(features);
    r.not_received = sql::numbers_of(missing);
    r.joined = sql::time_of(joined);
    r.joined_now = now != 0;
    out.push_back(std::move(r));
  }
  return out;
}

}  // namespace

void SiteBook::init_self(const SiteCode& code, const std::string& name,
                         const Incarnation& incarnation) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  if (auto r = sql::row<S>(db, "SELECT code FROM site WHERE role = 0"))
    throw Error(ErrorCode::not_allowed, "this home", "it is site " + std::get<0>(*r) + " already");
  sql::run(db, "INSERT INTO site(code, name, role, incarnation, joined) VALUES(:c, :n, 0, :i, :t)",
           code, name, sql::text_of(incarnation), db.clock.now());
  transaction.commit();
}

SiteRow SiteBook::self() {
  auto found = read(ledger_.impl(), "role = 0 AND '' = :v", "");
  if (found.empty())
    throw Error(ErrorCode::not_found, "this home", "it is no site yet")
        .with_hint("courier site init CODE");
  return found.front();
}

void SiteBook::join(const SiteRow& site) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  if (site.role == SiteRole::self)
    throw Error(ErrorCode::usage, "site " + site.code.str(), "a joined site is not this one");
  if (auto known = find(site.code)) {
    if (known->role == SiteRole::self)
      throw Error(ErrorCode::not_allowed, "site " + site.code.str(), "it is this very site");
    sql::run(db,
             "UPDATE site SET name = :n, role = :r, format_version = :f, features = :e,"
             " joined_now = 1 WHERE code = :c",
             site.name, site.role, site.format_version, site.features, site.code);
    if (site.incarnation.ordinal != 0) see_incarnation(site.code, site.incarnation);
  } else {
    sql::run(db,
             "INSERT INTO site(code, name, role, incarnation, format_version, features, joined)"
             " VALUES(:c, :n, :r, :i, :f, :e, :t)",
             site.code, site.name, site.role, sql::text_of(site.incarnation), site.format_version,
             site.features, db.clock.now());
  }
  if (sql::number(db, "SELECT count(*) FROM address WHERE site = :c", site.code) == 0)
    sql::run(
        db,
        "INSERT INTO address(site, sender, priority, enabled, substitute, schedule, zone, rate,"
        " pulse) VALUES(:c, 'courier', 1, 1, 1, '', '', '', '')",
        site.code);
  transaction.commit();
}

std::optional<SiteRow> SiteBook::find(const SiteCode& code) {
  auto found = read(ledger_.impl(), "code = :v", code.str());
  if (found.empty()) return std::nullopt;
  return found.front();
}

SiteRow SiteBook::get(const SiteCode& code) {
  if (auto r = find(code)) return *r;
  throw Error(ErrorCode::not_found, "site " + code.str(), "it is not joined")
      .with_hint("courier site join " + code.str() + ".site --as child");
}

std::vector<SiteRow> SiteBook::list() { return read(ledger_.impl(), "'' = :v", ""); }

void SiteBook::see_incarnation(const SiteCode& code, const Incarnation& incarnation) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const SiteRow site = get(code);
  if (site.incarnation == incarnation) return;
  sql::run(db,
           "UPDATE site SET incarnation = :i, last_return = 0, last_return_label = '',"
           " last_return_time = NULL, last_return_applied = NULL, acknowledged = 0,"
           " not_received = '' WHERE code = :c",
           sql::text_of(incarnation), code);
  // The very first incarnation heard of voids nothing.
  if (site.incarnation.ordinal != 0) {
    const std::string evidence = "new incarnation " + incarnation.str() + " of " + code.str();
    ReturnBook(ledger_).forget_proofs(code);
    PackageDpBook(ledger_).forget_site(code);
    IncomingBook(ledger_).forget_told(code);
    replan(db, code, evidence);
  }
  transaction.commit();
}

void SiteBook::acknowledge_returns(const SiteCode& code, std::uint64_t number,
                                   const std::string& evidence) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const SiteRow site = get(code);
  if (number <= site.acknowledged) return;
  sql::run(db, "UPDATE site SET acknowledged = :n WHERE code = :c", number, code);
  for (const auto& [id, state] :
       sql::rows<S, S>(db,
                       "SELECT a.id, a.state FROM addressee a JOIN parcel p ON p.key = a.parcel"
                       " WHERE a.site = :c AND a.number <= :n AND p.is_return = 1"
                       " AND a.state IN ('Created', 'Sent')",
                       code, number)) {
    record(db, "parcel", id, "P5", state, "Confirmed", evidence);
    sql::run(db,
             "UPDATE addressee SET state = 'Confirmed', return_id = :e, confirmed = :t"
             " WHERE id = :i",
             evidence, db.clock.now(), id);
  }
  // Claims of older returns are outlived: what the origin may build on is in this one or newer.
  sql::run(db, "DELETE FROM sent_return WHERE site = :c AND number < :n", code, number);
  transaction.commit();
}

}  // namespace courier
