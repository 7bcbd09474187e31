#include "ledger/address_book.h"

#include "ledger/arrows.h"
#include "ledger/site_book.h"
#include "ledger/sql.h"

namespace courier {
namespace {

using L = long long;
using S = std::string;

std::vector<AddressRow> read(Ledger::Impl& db, const std::string& where, const std::string& site,
                             const std::string& sender) {
  std::vector<AddressRow> out;
  for (auto& [code, name, folder, priority, enabled, substitute, schedule, zone, rate, pulse] :
       sql::rows<S, S, S, L, L, L, S, S, S, S>(
           db,
           "SELECT site, sender, folder, priority, enabled, substitute, schedule, zone, rate, pulse"
           " FROM address WHERE " +
               where + " ORDER BY site, priority",
           site, sender))
    out.push_back({sql::site_of(code), name, folder, static_cast<std::uint32_t>(priority),
                   enabled != 0, substitute != 0, schedule, zone, rate, pulse});
  return out;
}

std::string subject(const AddressRow& a) { return "address " + a.site.str() + " " + a.sender; }

void check(const AddressRow& a) {
  if (a.sender != "courier" && a.sender != "folder")
    throw Error(ErrorCode::usage, subject(a), "a sender is courier or folder");
  if (a.sender == "folder" && a.folder.empty())
    throw Error(ErrorCode::usage, subject(a), "a folder address needs a folder")
        .with_hint("--folder DIR");
  if (a.priority < 1) throw Error(ErrorCode::usage, subject(a), "priorities begin with 1");
}

void check_priority(Ledger::Impl& db, const AddressRow& a) {
  if (auto taken = sql::row<S>(db,
                               "SELECT sender FROM address WHERE site = :s AND priority = :p"
                               " AND sender <> :n",
                               a.site, a.priority, a.sender))
    throw Error(ErrorCode::not_allowed, subject(a),
                "priority " + std::to_string(a.priority) + " is taken by " + std::get<0>(*taken));
}

// J4: what went by this address is routed anew.
void unroute(Ledger::Impl& db, const SiteCode& site, const std::string& sender,
             const std::string& why) {
  for (const auto& [number] : sql::rows<L>(
           db, "SELECT number FROM job WHERE site = :s AND sender = :n AND step = 'routed'", site,
           sender)) {
    record(db, "job", std::to_string(number), "J4", "routed", "accepted", why);
    sql::run(db, "UPDATE job SET step = 'accepted', sender = '', reason = :r WHERE number = :n",
             why, number);
  }
}

}  // namespace

void AddressBook::add(const AddressRow& a) {
  auto& db = ledger_.impl();
  check(a);
  Transaction transaction(db);
  SiteBook(ledger_).get(a.site);
  if (find(a.site, a.sender))
    throw Error(ErrorCode::not_allowed, subject(a), "it exists already").with_hint("address set");
  check_priority(db, a);
  sql::run(db, "INSERT INTO address VALUES(:a, :b, :c, :d, :e, :f, :g, :h, :i, :j)", a.site,
           a.sender, a.folder, a.priority, a.enabled, a.substitute, a.schedule, a.zone, a.rate,
           a.pulse);
  transaction.commit();
}

void AddressBook::set(const AddressRow& a) {
  auto& db = ledger_.impl();
  check(a);
  Transaction transaction(db);
  if (!find(a.site, a.sender)) throw Error(ErrorCode::not_found, subject(a), "there is none");
  check_priority(db, a);
  sql::run(db,
           "UPDATE address SET folder = :a, priority = :b, enabled = :c, substitute = :d,"
           " schedule = :e, zone = :f, rate = :g, pulse = :h WHERE site = :i AND sender = :j",
           a.folder, a.priority, a.enabled, a.substitute, a.schedule, a.zone, a.rate, a.pulse,
           a.site, a.sender);
  unroute(db, a.site, a.sender, "address " + a.sender + " was changed");
  transaction.commit();
}

void AddressBook::remove(const SiteCode& site, const std::string& sender) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  if (sql::run(db, "DELETE FROM address WHERE site = :s AND sender = :n", site, sender) == 0)
    throw Error(ErrorCode::not_found, "address " + site.str() + " " + sender, "there is none");
  unroute(db, site, sender, "no address");
  transaction.commit();
}

std::vector<AddressRow> AddressBook::list() {
  return read(ledger_.impl(), "'' = :a AND '' = :b", "", "");
}
std::vector<AddressRow> AddressBook::of(const SiteCode& site) {
  return read(ledger_.impl(), "site = :a AND '' = :b", site.str(), "");
}
std::optional<AddressRow> AddressBook::find(const SiteCode& site, const std::string& sender) {
  auto found = read(ledger_.impl(), "site = :a AND sender = :b", site.str(), sender);
  if (found.empty()) return std::nullopt;
  return found.front();
}

}  // namespace courier
