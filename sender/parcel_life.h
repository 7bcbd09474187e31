// ParcelLife: what happens to a parcel after it was made: sent, lost, discarded, confirmed by
// evidence, its payload removed when nobody needs it; and the cancelling of jobs, which may take an
// unsent parcel with it. Source: behaviours.md 10.2, J7, J10, J13, J14, B12, B18, B19, B30.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/job_book.h"
#include "ledger/parcel_book.h"
#include "sender/sender_parts.h"

namespace courier {

struct CancelOutcome {
  std::uint64_t job = 0;
  std::string discarded_parcel;              // its file is gone; empty: none
  std::vector<std::uint64_t> pending_again;  // the other jobs of that parcel
};

class ParcelLife {
 public:
  explicit ParcelLife(SenderParts& context) : context_(context) {}

  // site: one addressee; empty: all of them.
  void mark_sent(const ParcelId& id, const SiteCode& site = {});  // P3; Errors: not_allowed
  // P9: its jobs are accepted again and go with the next parcel. Records of it that a return has
  // proved stay proved.
  void declare_lost(const ParcelId& id, const SiteCode& site = {});
  // P4: file, record map and row's life end; jobs pending again. Errors: not_allowed when sent.
  void discard(const ParcelId& id);
  // J14, B30; of a local job with all its transfer jobs (X9). Short: takes no home lock. Errors:
  // not_allowed when the job's parcel is Sent, to whichever addressee (hint `retract`), the job has
  // ended, or it is too late for one of its transfer jobs (X10): then nothing is cancelled.
  CancelOutcome cancel(std::uint64_t job);
  // P10: payloads of parcels Confirmed longer than parcel.grace; returns their IDs. Also files of
  // discarded parcels that a crash left.
  std::vector<ParcelId> remove_payloads();
  // P8: parcels newly overdue: a status message for each, once.
  std::vector<ParcelRow> report_overdue();
  std::string path_of(const ParcelRow& parcel) const;  // in the outbox

 private:
  void remove_files(const ParcelRow& parcel);

  SenderParts& context_;
};

}  // namespace courier
