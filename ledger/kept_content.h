// Kept content: what `store gc` must keep, by all that the ledger knows of versions, jobs, parcels,
// returns and distribution points. Source: docs/behaviours.md B50, B69, B82.
#pragma once

#include <set>
#include <vector>

#include "base/digest.h"
#include "ledger/ledger.h"

namespace courier {

struct KeptContent {
  // Root digests of versions stored whole: those current and the last delta.bases before them,
  // those claimed in returns not yet outlived, those of open jobs, of parcels not Confirmed, and
  // those that distribution points here serve or wait for.
  std::vector<Digest> roots;
  // The same, of versions that are announced or came in part: what is here of them is kept, and
  // what is missing is no gap.
  std::vector<Digest> partial;
  std::vector<Digest> packs;  // kept whole: those of incoming parcels that are not yet Processed
};

KeptContent kept_content(Ledger& ledger);

// Root digests of what is kept whatever returns have claimed. A return claims nothing else: one
// that claimed what is kept for an earlier claim only would keep it for ever.
std::set<Digest> claimable_roots(Ledger& ledger);

// The ledger stops claiming the versions that are not kept: before their content goes.
void forget_unkept(Ledger& ledger, const KeptContent& kept);

}  // namespace courier
