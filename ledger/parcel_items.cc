// Items of outgoing parcels, and what became of each at each addressee.
#include "ledger/parcel_book.h"
#include "ledger/sql.h"

namespace courier {

using L = long long;
using S = std::string;

void ParcelBook::set_verdict(const ParcelId& id, const ItemVerdict& v) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  sql::run(db,
           "INSERT INTO item_verdict VALUES(:a, :b, :c, :d, :e, :f, :g) ON CONFLICT DO UPDATE SET"
           " verdict = excluded.verdict, reason = excluded.reason, return_id = excluded.return_id,"
           " as_of = excluded.as_of",
           key_for(id), v.index, v.site, v.verdict, v.reason, v.return_id, v.as_of);
  transaction.commit();
}

std::vector<ParcelItemRow> ParcelBook::items(const ParcelId& id) {
  auto& db = ledger_.impl();
  std::vector<ParcelItemRow> out;
  for (auto& [position, kind, package, version, root, bytes, jobs, dps, base] :
       sql::rows<L, L, S, L, S, L, S, S, S>(
           db,
           "SELECT position, kind, package, version, root, bytes, jobs, dps, base FROM parcel_item"
           " WHERE parcel = :k ORDER BY position",
           key_for(id))) {
    ParcelItemRow r;
    r.index = static_cast<std::uint32_t>(position);
    r.kind = static_cast<ItemKind>(kind);
    r.package = sql::package_of(package);
    r.version = static_cast<std::uint32_t>(version);
    r.root = sql::digest_of_hex(root);
    r.bytes = static_cast<std::uint64_t>(bytes);
    r.jobs = sql::numbers_of(jobs);
    r.dps = sql::list_of(dps);
    r.base = base;
    out.push_back(std::move(r));
  }
  return out;
}

std::vector<ItemVerdict> ParcelBook::verdicts(const ParcelId& id) {
  auto& db = ledger_.impl();
  std::vector<ItemVerdict> out;
  for (auto& [position, site, verdict, reason, return_id, as_of] :
       sql::rows<L, S, std::optional<L>, S, S, std::optional<L>>(
           db,
           "SELECT position, site, verdict, reason, return_id, as_of FROM item_verdict"
           " WHERE parcel = :k ORDER BY position, site",
           key_for(id))) {
    ItemVerdict v;
    v.index = static_cast<std::uint32_t>(position);
    v.site = sql::site_of(site);
    if (verdict) v.verdict = static_cast<VerdictKind>(*verdict);
    v.reason = reason;
    v.return_id = return_id;
    v.as_of = sql::time_of(as_of);
    out.push_back(std::move(v));
  }
  return out;
}

}  // namespace courier
