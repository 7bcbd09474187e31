#include "ledger/return_book.h"

#include <set>

#include "ledger/site_book.h"
#include "ledger/sql.h"

namespace courier {
namespace {

using L = long long;
using S = std::string;

ReceivedReturn read_head(Ledger::Impl& db, const std::string& label) {
  ReceivedReturn r;
  const auto row = sql::row<S, S, L, L, L, L, S, S, std::optional<L>, S>(
      db,
      "SELECT id, incarnation, written, format_version, features, free_bytes, not_received,"
      " misdelivered, applied, outcome FROM received_return WHERE label = :l",
      label);
  if (!row) bug("a received return without its row");
  r.label = sql::digest_of_hex(label);
  r.id = ParcelId::parse(std::get<0>(*row));
  r.incarnation = sql::incarnation_of(std::get<1>(*row));
  r.written = sql::time_of(std::get<2>(*row));
  r.format_version = static_cast<std::uint16_t>(std::get<3>(*row));
  r.features = static_cast<std::uint64_t>(std::get<4>(*row));
  r.free_bytes = static_cast<std::uint64_t>(std::get<5>(*row));
  r.not_received = sql::numbers_of(std::get<6>(*row));
  for (const auto& id : sql::list_of(std::get<7>(*row)))
    r.misdelivered.push_back(ParcelId::parse(id));
  r.applied = sql::time_of(std::get<8>(*row));
  r.outcome = std::get<9>(*row);
  return r;
}

ReceivedReturn read_whole(Ledger::Impl& db, const std::string& label) {
  ReceivedReturn r = read_head(db, label);
  for (auto& [id, parcel_label, state, reason, missing] : sql::rows<S, S, S, S, S>(
           db,
           "SELECT id, parcel_label, state, reason, missing_records FROM return_parcel"
           " WHERE label = :l ORDER BY position",
           label)) {
    ReturnParcel p;
    p.id = ParcelId::parse(id);
    p.label = sql::digest_of_hex(parcel_label);
    p.state = parse_incoming_state(state).value();
    p.reason = reason;
    p.missing_records = sql::ranges_of(missing);
    r.parcels.push_back(std::move(p));
  }
  for (auto& [parcel, position, kind, job, package, version, verdict, reason, records, objects] :
       sql::rows<L, L, L, L, S, L, std::optional<L>, S, S, S>(
           db,
           "SELECT parcel, position, kind, job, package, version, verdict, reason, missing_records,"
           " missing_objects FROM return_item WHERE label = :l ORDER BY parcel, position",
           label)) {
    ReturnVerdict v;
    v.index = static_cast<std::uint32_t>(position);
    v.kind = static_cast<ItemKind>(kind);
    v.job = static_cast<std::uint64_t>(job);
    v.package = sql::package_of(package);
    v.version = static_cast<std::uint32_t>(version);
    if (verdict) v.verdict = static_cast<VerdictKind>(*verdict);
    v.reason = reason;
    v.missing_records = sql::ranges_of(records);
    v.missing_objects = sql::digests_of(objects);
    r.parcels.at(static_cast<std::size_t>(parcel)).items.push_back(std::move(v));
  }
  for (auto& [package, version, root, unknown, missing] : sql::rows<S, L, S, L, S>(
           db,
           "SELECT package, version, root, unknown, missing FROM return_holding WHERE label = :l"
           " ORDER BY position",
           label))
    r.holdings.push_back({sql::package_of(package), static_cast<std::uint32_t>(version),
                          sql::digest_of_hex(root), unknown != 0, sql::digests_of(missing)});
  for (auto& [dp, package, version, served, state, reason, invalid, as_of] :
       sql::rows<S, S, L, L, L, S, L, L>(
           db,
           "SELECT dp, package, version, served, state, reason, invalid, as_of FROM return_dp"
           " WHERE label = :l ORDER BY position",
           label))
    r.dp_states.push_back({dp, sql::package_of(package), static_cast<std::uint32_t>(version),
                           static_cast<std::uint32_t>(served), static_cast<PackageState>(state),
                           reason, invalid != 0, sql::time_of(as_of)});
  for (auto& [dp, bytes] : sql::rows<S, L>(
           db, "SELECT dp, free_bytes FROM return_space WHERE label = :l ORDER BY dp", label))
    r.dp_space.push_back({dp, static_cast<std::uint64_t>(bytes)});
  return r;
}

}  // namespace

bool ReturnBook::store(const ReceivedReturn& r) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  SiteBook(ledger_).get(r.id.from);
  std::vector<std::string> misdelivered;
  for (const auto& id : r.misdelivered) misdelivered.push_back(id.str());
  if (sql::run(db,
               "INSERT INTO received_return(label, id, site, number, incarnation, written,"
               " format_version, features, free_bytes, not_received, misdelivered)"
               " VALUES(:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k) ON CONFLICT DO NOTHING",
               r.label, r.id, r.id.from, r.id.number, sql::text_of(r.incarnation), r.written,
               r.format_version, r.features, r.free_bytes, sql::text_of(r.not_received),
               sql::text_of(misdelivered)) == 0)
    return false;
  for (std::size_t p = 0; p < r.parcels.size(); ++p) {
    const auto& parcel = r.parcels[p];
    sql::run(db, "INSERT INTO return_parcel VALUES(:a, :b, :c, :d, :e, :f, :g)", r.label, p,
             parcel.id, parcel.label, word(parcel.state), parcel.reason,
             sql::text_of(parcel.missing_records));
    for (const auto& v : parcel.items)
      sql::run(db, "INSERT INTO return_item VALUES(:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k)",
               r.label, p, v.index, v.kind, v.job, v.package, v.version, v.verdict, v.reason,
               sql::text_of(v.missing_records), sql::text_of(v.missing_objects));
  }
  for (std::size_t h = 0; h < r.holdings.size(); ++h) {
    const auto& holding = r.holdings[h];
    sql::run(db, "INSERT INTO return_holding VALUES(:a, :b, :c, :d, :e, :f, :g)", r.label, h,
             holding.package, holding.version, holding.root, holding.unknown,
             sql::text_of(holding.missing));
  }
  for (std::size_t d = 0; d < r.dp_states.size(); ++d) {
    const auto& dp = r.dp_states[d];
    sql::run(db, "INSERT INTO return_dp VALUES(:a, :b, :c, :d, :e, :f, :g, :h, :i, :j)", r.label, d,
             dp.dp, dp.package, dp.version, dp.served, dp.state, dp.reason, dp.invalid, dp.as_of);
  }
  for (const auto& s : r.dp_space)
    sql::run(db, "INSERT INTO return_space VALUES(:a, :b, :c) ON CONFLICT DO NOTHING", r.label,
             s.dp, s.free_bytes);
  transaction.commit();
  return true;
}

std::vector<ReceivedReturn> ReturnBook::pending() {
  auto& db = ledger_.impl();
  const sql::Moment moment(db);
  std::vector<ReceivedReturn> out;
  for (const auto& [label] : sql::rows<S>(
           db, "SELECT label FROM received_return WHERE applied IS NULL ORDER BY site, number"))
    out.push_back(read_whole(db, label));
  return out;
}

std::optional<ReceivedReturn> ReturnBook::find(const Digest& label) {
  auto& db = ledger_.impl();
  const sql::Moment moment(db);
  if (sql::number(db, "SELECT count(*) FROM received_return WHERE label = :l", label) == 0)
    return std::nullopt;
  return read_whole(db, label.hex());
}

std::vector<ReceivedReturn> ReturnBook::list(const SiteCode& site) {
  auto& db = ledger_.impl();
  const sql::Moment moment(db);
  std::vector<ReceivedReturn> out;
  for (const auto& [label] : sql::rows<S>(
           db, "SELECT label FROM received_return WHERE site = :s ORDER BY written DESC", site))
    out.push_back(read_head(db, label));
  return out;
}

void ReturnBook::mark_applied(const Digest& label, const std::string& outcome) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  sql::run(db, "UPDATE received_return SET applied = :t, outcome = :o WHERE label = :l",
           db.clock.now(), outcome, label);
  // The head stays as the record of it; what it said is replaced by what came of it.
  for (const char* table : {"return_parcel", "return_holding", "return_dp", "return_space"})
    sql::run(db, std::string("DELETE FROM ") + table + " WHERE label = :l", label);
  transaction.commit();
}

std::vector<Holding> ReturnBook::holdings(const SiteCode& site) {
  std::vector<Holding> out;
  for (auto& [package, version, root, unknown, missing] : sql::rows<S, L, S, L, S>(
           ledger_.impl(),
           "SELECT package, version, root, unknown, missing FROM holding WHERE site = :s"
           " ORDER BY package, version",
           site))
    out.push_back({sql::package_of(package), static_cast<std::uint32_t>(version),
                   sql::digest_of_hex(root), unknown != 0, sql::digests_of(missing)});
  return out;
}

std::vector<ReturnBook::PartialReceipt> ReturnBook::partial_receipts(const SiteCode& site) {
  std::vector<PartialReceipt> out;
  for (auto& [label, missing] : sql::rows<S, S>(
           ledger_.impl(),
           "SELECT parcel_label, missing_records FROM partial_receipt WHERE site = :s", site))
    out.push_back({sql::digest_of_hex(label), sql::ranges_of(missing)});
  return out;
}

void ReturnBook::replace_proofs(const SiteCode& site, const ReceivedReturn& r) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  forget_proofs(site);
  for (const auto& h : r.holdings)
    sql::run(db, "INSERT INTO holding VALUES(:a, :b, :c, :d, :e, :f) ON CONFLICT DO NOTHING", site,
             h.package, h.version, h.root, h.unknown, sql::text_of(h.missing));
  for (const auto& p : r.parcels)
    if (!p.label.is_zero() && !p.missing_records.empty() && p.state != IncomingState::refused &&
        p.state != IncomingState::quarantined)
      sql::run(db, "INSERT INTO partial_receipt VALUES(:a, :b, :c) ON CONFLICT DO NOTHING", site,
               p.label, sql::text_of(p.missing_records));
  for (const auto& s : r.dp_space)
    sql::run(db, "INSERT INTO dp_space VALUES(:a, :b, :c) ON CONFLICT DO NOTHING", site, s.dp,
             s.free_bytes);
  sql::run(db,
           "UPDATE site SET last_return = :a, last_return_label = :b, last_return_time = :c,"
           " last_return_applied = :d, free_bytes = :e, format_version = :f, features = :g,"
           " not_received = :h WHERE code = :i",
           r.id.number, r.label, r.written, db.clock.now(), r.free_bytes, r.format_version,
           r.features, sql::text_of(r.not_received), site);
  transaction.commit();
}

void ReturnBook::forget_proofs(const SiteCode& site) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  for (const char* table : {"holding", "partial_receipt", "dp_space"})
    sql::run(db, std::string("DELETE FROM ") + table + " WHERE site = :s", site);
  transaction.commit();
}

std::vector<DpSpace> ReturnBook::dp_space(const SiteCode& site) {
  std::vector<DpSpace> out;
  for (auto& [dp, bytes] : sql::rows<S, L>(
           ledger_.impl(), "SELECT dp, free_bytes FROM dp_space WHERE site = :s ORDER BY dp", site))
    out.push_back({dp, static_cast<std::uint64_t>(bytes)});
  return out;
}

void ReturnBook::record_sent(const ParcelId& id, const std::vector<Holding>& claims) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  sql::run(db, "INSERT INTO sent_return VALUES(:a, :b, :c, :d, :e)", id, id.to, id.number,
           sql::text_of(SiteBook(ledger_).self().incarnation), db.clock.now());
  for (const auto& c : claims)
    sql::run(db, "INSERT INTO claim VALUES(:a, :b, :c, :d) ON CONFLICT DO NOTHING", id, c.package,
             c.version, c.root);
  transaction.commit();
}

std::vector<SentReturn> ReturnBook::sent(const SiteCode& to) {
  auto& db = ledger_.impl();
  const sql::Moment moment(db);
  const auto site = SiteBook(ledger_).find(to);
  std::vector<SentReturn> out;
  for (const auto& [id, number, written] :
       sql::rows<S, L, L>(db,
                          "SELECT id, number, written FROM sent_return WHERE site = :s"
                          " ORDER BY number DESC",
                          to)) {
    SentReturn r;
    r.id = ParcelId::parse(id);
    r.written = sql::time_of(written);
    r.acknowledged = site && static_cast<std::uint64_t>(number) <= site->acknowledged;
    for (const auto& [package, version, root] :
         sql::rows<S, L, S>(db, "SELECT package, version, root FROM claim WHERE id = :i", id))
      r.claims.push_back({sql::package_of(package),
                          static_cast<std::uint32_t>(version),
                          sql::digest_of_hex(root),
                          false,
                          {}});
    out.push_back(std::move(r));
  }
  return out;
}

std::vector<Digest> ReturnBook::claimed_roots() {
  std::vector<Digest> out;
  for (const auto& [root] :
       sql::rows<S>(ledger_.impl(),
                    "SELECT DISTINCT c.root FROM claim c JOIN sent_return r ON r.id = c.id"
                    " JOIN site s ON s.code = r.site WHERE r.number >= s.acknowledged"
                    " AND c.root <> ''"))
    out.push_back(sql::digest_of_hex(root));
  return out;
}

}  // namespace courier
