#include "ledger/kept_content.h"

#include <set>

#include "ledger/incoming_book.h"
#include "ledger/package_book.h"
#include "ledger/return_book.h"
#include "ledger/settings.h"
#include "ledger/sql.h"

namespace courier {
namespace {

using L = long long;
using S = std::string;

std::set<Digest> roots_in_use(Ledger& ledger) {
  auto& db = ledger.impl();
  std::set<Digest> roots;
  const auto add = [&](const std::string& text, const auto&... args) {
    for (const auto& [root] : sql::rows<S>(db, text, args...))
      if (!root.empty()) roots.insert(sql::digest_of_hex(root));
  };
  // The current version, the last delta.bases stored ones before it, and what came so far of the
  // announced one.
  const L bases = Settings(ledger).number("delta.bases");
  add("SELECT root FROM (SELECT v.root, row_number() OVER (PARTITION BY v.package"
      " ORDER BY v.version DESC) AS n FROM version v JOIN package p ON p.id = v.package"
      " WHERE v.stored = 1 AND p.removed = 0) WHERE n <= 1 + :b",
      bases);
  add("SELECT v.root FROM version v JOIN package p ON p.id = v.package"
      " WHERE v.version IN (p.stored_version, p.source_version) AND p.removed = 0");
  // Open jobs, and parcels that are not Confirmed by all.
  add("SELECT v.root FROM version v JOIN job j ON j.package = v.package AND j.version = v.version"
      " WHERE j.step NOT IN ('confirmed', 'failed', 'cancelled', 'superseded', 'invalid')"
      " AND j.kind <> 2");
  add("SELECT i.root FROM parcel_item i WHERE EXISTS (SELECT 1 FROM addressee a"
      " WHERE a.parcel = i.parcel AND a.state IN ('Created', 'Sent'))");
  // What DPs here serve or wait for.
  add("SELECT v.root FROM version v JOIN package_dp d ON d.package = v.package"
      " AND (d.version = v.version OR d.served = v.version)"
      " WHERE d.site = (SELECT code FROM site WHERE role = 0) AND d.state NOT IN (4, 5, 6)");
  for (const auto& root : IncomingBook(ledger).pending_roots()) roots.insert(root);
  return roots;
}

}  // namespace

std::set<Digest> claimable_roots(Ledger& ledger) {
  const Transaction transaction(ledger);  // one moment
  return roots_in_use(ledger);
}

KeptContent kept_content(Ledger& ledger) {
  const Transaction transaction(ledger);  // one moment
  KeptContent kept;
  PackageBook packages(ledger);
  std::set<Digest> roots = roots_in_use(ledger);
  for (const Digest& root : ReturnBook(ledger).claimed_roots()) roots.insert(root);
  for (const Digest& root : roots) {
    const auto version = packages.by_root(root);
    (version && version->stored ? kept.roots : kept.partial).push_back(root);
  }
  for (const std::string& pack : IncomingBook(ledger).pinned_packs())
    kept.packs.push_back(Digest::from_hex(pack));
  return kept;
}

void forget_unkept(Ledger& ledger, const KeptContent& kept) {
  auto& db = ledger.impl();
  Transaction transaction(db);
  const std::set<Digest> keep(kept.roots.begin(), kept.roots.end());
  for (const auto& [package, version, root] : sql::rows<S, L, S>(
           db, "SELECT package, version, root FROM version WHERE stored = 1 AND root <> ''"))
    if (!keep.contains(sql::digest_of_hex(root)))
      PackageBook(ledger).mark_not_stored(sql::package_of(package),
                                          static_cast<std::uint32_t>(version));
  transaction.commit();
}

}  // namespace courier
