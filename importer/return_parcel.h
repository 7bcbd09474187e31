// Return parcels: what became of every item, and what this site now holds (parcel/return_report.h).
// A parcel like any other: numbered, sealed, signed, in the outbox; carried back on any medium.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "importer/parts.h"
#include "importer/receive.h"
#include "parcel/return_report.h"

namespace courier {

// What the next return to `origin` says, from ledger, store and shares as they are now.
// Errors: not_found, when the site is not joined.
ReturnReport make_return_report(const ImporterParts& parts, const SiteCode& origin);

// Makes a return parcel with the next number in the outbox. Errors: not_found (site not joined),
// no_space, device. Ensures: the number is committed before the file gets its name; after a crash
// the number is used up and nothing else.
WrittenReturn make_return(const ImporterParts& parts, const SiteCode& origin);

// Writes a return that lies in the outbox to a TARGET and reads it back. ready: makes the target
// so. Errors, its own too, land in WrittenReturn::error: all is in, and where to write it instead.
void write_return_to(const ImporterParts& parts, WrittenReturn& made, const std::string& target,
                     const ProgressSink& progress, const std::function<void()>& ready = {});

// return create: a new return for each site that has something to be told (or for `to` alone), and
// its copy at target. Errors: not_found, when there is nobody to answer.
std::vector<WrittenReturn> create_returns(const ImporterParts& parts,
                                          const std::optional<SiteCode>& to,
                                          const std::string& target, const ProgressSink& progress);

}  // namespace courier
