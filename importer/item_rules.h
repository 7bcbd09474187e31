// Item rules: whether an item of a verified parcel may be executed, before anything is. Rights by
// role, order by job number, the version rule. Source: signer/rights.h,
// behaviours.md rule 3, B32, B40, B46.
#pragma once

#include <optional>
#include <string>

#include "base/vocabulary.h"
#include "ledger/incoming_book.h"
#include "ledger/package_book.h"
#include "parcel/packing_list.h"
#include "signer/trust_list.h"

namespace courier {

struct ItemDecision {
  // refused or superseded; none: it may be executed.
  std::optional<VerdictKind> verdict;
  std::string reason;
  // The origin's newer job: what it says replaces what is stored, whatever the version (rolling
  // back, an origin built anew).
  bool newer_job = false;
};

// item: as the packing list has it; job: the sender's number for this site, 0 when it has none.
// `sender`: whose parcel it is; `self`: this site, whose own packages nobody else decides about.
ItemDecision judge_item(const SiteCode& self, const TrustedSite& sender,
                        const IncomingParcel& parcel, const Item& item, std::uint64_t job,
                        IncomingBook& incoming, PackageBook& packages);

// A verdict that need not be the last word: what was missing, or a right, may have come.
bool may_be_judged_again(const IncomingItem& row);

// Whether another copy of their parcel could do better than what came of it.
bool lacks_something(const std::vector<IncomingItem>& items);

// Whether an item brings content that has to be in the store before it runs.
bool needs_content(const Item& item);
// The last part of its share name; empty: the package ID is the folder's name.
std::string folder_name(const Item& item);
// Why a package item can be carried out nowhere; empty: it can.
std::string why_malformed(const Item& item);

}  // namespace courier
