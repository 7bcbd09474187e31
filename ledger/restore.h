// Restore: what becomes void when this ledger comes back from a backup, or when the site at the
// other end is a new incarnation. Source: behaviours.md rule 3, section 10.2.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/vocabulary.h"
#include "ledger/ledger.h"

namespace courier {

// What a restore from a backup must reset, in one transaction: the own incarnation; what other
// sites have proved (their holdings, returns seen and DP states); returns written and not
// acknowledged; which parcels were taken in (they are judged afresh). Stored versions of packages
// are set to those listed, which the caller found whole in the store. Parcel numbers go on at the
// next thousand, so that no name is used twice even when parcels were made after the backup.
void reset_for_restore(Ledger& ledger, const Incarnation& incarnation,
                       const std::vector<std::pair<PackageId, std::uint32_t>>& whole_versions);

// Parcels under way to `site` were made for a proof that is void: their jobs are planned anew (J10,
// J13); what is Created is discarded (P4), what is Sent is lost (P9). Returns stay, for the next
// one replaces them. Absent: those to every site, and our returns as well, which were of the
// former incarnation. Precondition: a transaction.
void replan(Ledger::Impl& db, const std::optional<SiteCode>& site, const std::string& evidence);

}  // namespace courier
