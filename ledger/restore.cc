#include "ledger/restore.h"

#include "ledger/arrows.h"
#include "ledger/sql.h"

namespace courier {
namespace {

using L = long long;
using S = std::string;

void replan_jobs(Ledger::Impl& db, const S& site, const S& evidence) {
  for (const auto& [number, step] : sql::rows<L, S>(
           db,
           "SELECT number, step FROM job WHERE step IN ('sent', 'in parcel') AND :c IN (site, '')",
           site)) {
    const bool sent = step == "sent";
    const S to(sent ? "accepted" : "routed");
    record(db, "job", std::to_string(number), sent ? "J13" : "J10", step, to, evidence);
    sql::run(db,
             "UPDATE job SET step = :s, state = CASE WHEN kind = 2 THEN 4 ELSE 1 END, pending = 1,"
             " reason = :r WHERE number = :n",
             to, evidence, number);
  }
}

void void_parcels(Ledger::Impl& db, const S& site, const S& evidence) {
  for (const auto& [id, state] :
       sql::rows<S, S>(db,
                       "SELECT a.id, a.state FROM addressee a JOIN parcel p ON p.key = a.parcel"
                       " WHERE (:c = '' OR (a.site = :s AND p.is_return = 0))"
                       " AND a.state IN ('Created', 'Sent') AND a.lost = 0",
                       site, site)) {
    if (state == "Sent") {
      record(db, "parcel", id, "P9", state, state, evidence);
      sql::run(db, "UPDATE addressee SET lost = 1 WHERE id = :i", id);
      continue;
    }
    // It never left, and it builds on what the site held before: for this addressee it is void.
    record(db, "parcel", id, "P4", state, "discarded", evidence);
    sql::run(db, "UPDATE addressee SET state = 'discarded' WHERE id = :i", id);
    sql::run(db,
             "UPDATE parcel SET payload_removed = 1 WHERE key ="
             " (SELECT parcel FROM addressee WHERE id = :i) AND NOT EXISTS (SELECT 1 FROM"
             " addressee b WHERE b.parcel = key AND b.state <> 'discarded')",
             id);
  }
}

}  // namespace

void replan(Ledger::Impl& db, const std::optional<SiteCode>& site, const std::string& evidence) {
  const S only = site ? site->str() : S();
  replan_jobs(db, only, evidence);
  void_parcels(db, only, evidence);
}

void reset_for_restore(Ledger& ledger, const Incarnation& incarnation,
                       const std::vector<std::pair<PackageId, std::uint32_t>>& whole_versions) {
  auto& db = ledger.impl();
  Transaction transaction(db);
  sql::run(db, "UPDATE site SET incarnation = :i WHERE role = 0", sql::text_of(incarnation));
  // What others proved, and which of our returns they saw, was said to the former incarnation.
  sql::run(db,
           "UPDATE site SET last_return = 0, last_return_label = '', last_return_time = NULL,"
           " last_return_applied = NULL, acknowledged = 0, not_received = '',"
           " next_parcel = (next_parcel + 999) / 1000 * 1000 + 1 WHERE role <> 0");
  for (const char* table : {"holding", "partial_receipt", "dp_space", "sent_return", "told"})
    sql::run(db, std::string("DELETE FROM ") + table);
  sql::run(db, "DELETE FROM received_return");
  sql::run(db, "DELETE FROM package_dp WHERE site <> (SELECT code FROM site WHERE role = 0)");
  // What was taken in is judged afresh: the content may not have come back with the ledger.
  sql::run(db, "DELETE FROM incoming");
  sql::run(db, "UPDATE misdelivered SET first_return = 0");
  sql::run(db, "UPDATE version SET stored = 0");
  for (const auto& [package, version] : whole_versions)
    sql::run(db, "UPDATE version SET stored = 1 WHERE package = :p AND version = :v", package,
             version);
  sql::run(db,
           "UPDATE package SET stored_version = 0 WHERE no_source = 0 AND NOT EXISTS (SELECT 1 FROM"
           " version v WHERE v.package = id AND v.version = stored_version AND v.stored = 1)");
  replan(db, {}, "restored from a backup");
  transaction.commit();
}

}  // namespace courier
