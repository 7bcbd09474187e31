// ReturnApplier: what a verified return means at the origin. The importer has stored its rows
// (ledger/return_book.h); this moves jobs, parcels, DP states and proofs, all in one transaction
// per return. Source: behaviours.md J8, J9, J9a, J9b, P5, P6, R14, B18, B53, B86.
//
// Of one incarnation the return with the highest number is the state: an older one that comes later
// changes nothing, the same one again is "already applied". A return never makes anything Installed
// that it does not say, and what it does not hold any longer is not held.
#pragma once

#include <string>
#include <vector>

#include "ledger/job_book.h"
#include "ledger/return_book.h"
#include "sender/sender_parts.h"

namespace courier {

struct AppliedReturn {
  ParcelId id;
  std::string outcome;  // "applied", "already applied", "older than ..."
  bool changed = false;
  std::vector<ParcelId> confirmed, partly_confirmed;
  std::vector<std::uint64_t> jobs_confirmed, jobs_again, jobs_failed, repair_jobs;
  std::vector<ParcelId> not_received;     // of our parcels under way, those it has not got
  std::vector<ParcelId> unknown_parcels;  // it speaks of parcels this ledger never made
};

class ReturnApplier {
 public:
  explicit ReturnApplier(SenderParts& context) : context_(context) {}

  // Every stored return not applied yet, per site in order of number.
  std::vector<AppliedReturn> apply_pending();
  AppliedReturn apply(const ReceivedReturn& r);

 private:
  SenderParts& context_;
};

}  // namespace courier
