// ReturnedVerdicts: what one return's verdicts and holdings do to the jobs and parcels of its site.
// Works within the transaction of ReturnApplier::apply. Source: behaviours.md J8 to J9b, P5, P6.
//
// A verdict counts for a job when this ledger's own row of the parcel's item names the job; the job
// number, package and version that a return repeats are checked against it, not believed.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ledger/parcel_book.h"
#include "sender/return_apply.h"

namespace courier {

class ReturnedVerdicts {
 public:
  ReturnedVerdicts(SenderParts& context, const ReceivedReturn& r, AppliedReturn& out);

  void apply_verdicts();    // J8, J9, J9b
  void restate_jobs();      // of confirmed jobs only the state moves; J9a makes repair jobs
  void conclude_parcels();  // P5, P6

 private:
  struct Told {  // a parcel of ours as this return speaks of it
    const ReturnParcel* parcel;
    std::map<std::uint32_t, VerdictKind> verdicts;  // by item
  };
  struct TellsState {
    PackageState state;
    std::string reason;
  };

  void apply_parcel(const ReturnParcel& told, const ParcelRow& row);
  void apply_to_job(const ReturnVerdict& verdict, const ReturnParcel& told,
                    const ParcelItemRow& item, std::uint64_t job);
  void take_up_again(const JobRow& job, const ReturnVerdict& verdict, const ReturnParcel& told);
  std::optional<TellsState> dp_state(const JobRow& job) const;
  TellsState state_after(const JobRow& job, const ReturnVerdict& verdict) const;
  bool holds(const JobRow& job) const;
  void repair(const JobRow& job);
  bool is_accounted_for(const ParcelItemRow& item, std::uint64_t job,
                        const std::optional<VerdictKind>& verdict);
  void note_pending(const JobRow& job, PendingReason reason, const std::string& text);

  SenderParts& context_;
  const ReceivedReturn& r_;
  AppliedReturn& out_;
  const SiteCode site_;
  const std::string return_id_;
  std::map<std::uint64_t, Told> told_;  // by the parcel's key
};

}  // namespace courier
