// JobBook: jobs (one package version to one site) and the arrows of behaviours.md 10.1.
//
//   (none) --J1--> accepted --J2--> routed --J5--> in_parcel --J7--> sent --J8--> confirmed
//                     |               | ^ \J6                 |         |
//                     |               | |  suspended --J5--> in_parcel  +--J9--> accepted / failed
//                     +--J2--> local  | +--J10-- in_parcel              +--J13-> accepted
//                                     +--J11--> error --J12--> routed / failed
//   J3 keeps the step, J4 routed -> accepted, J14 -> cancelled, J15 -> superseded, J16 -> invalid,
//   J17 local -> confirmed.
//
// Every function below named after an arrow: Errors: not_found; not_allowed when the arrow does not
// exist from where the job stands. Ensures: one transaction, one history row.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/vocabulary.h"
#include "ledger/ledger.h"
#include "ledger/states.h"

namespace courier {

struct NewJob {
  JobKind kind = JobKind::distribute;
  PackageId package;
  std::uint32_t version = 0;
  SiteCode site;                 // the target
  std::vector<std::string> dps;  // empty: the store and every DP of the site
  Priority priority = Priority::medium;
  std::uint64_t total_bytes = 0;
  bool whole = false;  // the whole content travels, held or not
  std::string note;    // "repair of job 3"
};

struct JobRow {
  std::uint64_t number = 0;
  JobKind kind = JobKind::distribute;
  PackageId package;
  std::uint32_t version = 0;
  SiteCode site;
  std::vector<std::string> dps;
  Priority priority = Priority::medium;
  JobStep step = JobStep::accepted;
  PackageState state = PackageState::install_pending;
  PendingReason pending = PendingReason::not_created;
  std::string reason;  // what it waits for, or why it ended
  std::string sender;  // by which it is routed: "courier"; empty: not routed
  std::string parcel;  // "PUN-PSE-000001", the latest that carried it; empty: none
  std::uint64_t total_bytes = 0, remaining_bytes = 0;
  bool whole = false;
  std::string note;
  std::uint64_t superseded_by = 0;
  std::uint32_t attempts = 0;
  Time created;
  std::optional<Time> started, finished, retry_at, error_since;
  std::optional<Time> as_of;  // of `state`, when a return said it
  std::string as_of_return;   // "PSE-PUN-000003"
};

class JobBook {
 public:
  explicit JobBook(Ledger& ledger) : ledger_(ledger) {}

  // J1; supersedes (J15) the open jobs of the same package to the same target.
  // Returns the job's number. Errors: not_found (package version, site).
  std::uint64_t accept(const NewJob& job, const std::string& evidence);
  // J1 and J2 for a target at this very site: the step is local at once.
  std::uint64_t accept_local(const NewJob& job, const std::string& evidence);

  void route(std::uint64_t job, const std::string& sender);  // J2
  void go_local(std::uint64_t job);                          // J2, the target is here
  void note_reason(std::uint64_t job, PendingReason pending,
                   const std::string& reason);                 // J3; no history row
  void unroute(std::uint64_t job, const std::string& reason);  // J4
  void take(std::uint64_t job, const std::string& parcel);     // J5
  void suspend(std::uint64_t job, const std::string& reason);  // J6
  void sent(std::uint64_t job, const std::string& evidence);   // J7
  void confirm(std::uint64_t job, PackageState state, Time as_of, const std::string& return_id,
               const std::string& reason);  // J8
  void send_again(std::uint64_t job, const std::string& what, bool whole,
                  const std::string& return_id);  // J9, damaged, incomplete
  void refuse(std::uint64_t job, const std::string& reason, Time as_of,
              const std::string& return_id);  // J9, refused
  // J9a, J9b and after J8: only the state moves.
  void restate(std::uint64_t job, PackageState state, PendingReason pending,
               const std::string& reason, Time as_of, const std::string& return_id);
  void untake(std::uint64_t job, const std::string& evidence);                     // J10
  void fail_writing(std::uint64_t job, const std::string& reason, Time retry_at);  // J11
  void retry(std::uint64_t job);                                  // J12, within retry-days
  void give_up(std::uint64_t job, const std::string& reason);     // J12, days over
  void lost(std::uint64_t job, const std::string& evidence);      // J13
  void cancel(std::uint64_t job, const std::string& who);         // J14 [not sent]
  void supersede(std::uint64_t job, std::uint64_t by);            // J15
  void invalidate(std::uint64_t job, const std::string& reason);  // J16
  void finish_local(std::uint64_t job, PackageState state, const std::string& reason);  // J17
  void set_remaining(std::uint64_t job, std::uint64_t bytes);                           // no arrow

  // Of a local job, while its transfer jobs run.
  void set_local_state(std::uint64_t job, PackageState state, const std::string& reason);
  void note_repair(std::uint64_t job, std::uint64_t repair);  // J9a, on the repaired one

  std::optional<JobRow> find(std::uint64_t job);
  JobRow get(std::uint64_t job);  // Errors: not_found
  std::vector<JobRow> list();     // by number
  std::vector<JobRow> of(const SiteCode& site);
  std::vector<JobRow> at(JobStep step);
  // Accepted, routed, suspended and error jobs for a site: High before Medium before Low, then in
  // order of creation.
  std::vector<JobRow> pending(const SiteCode& site);
  // The job that decides what the package should be at the target: the newest not cancelled, not
  // superseded one.
  std::optional<JobRow> current(const SiteCode& site, const PackageId& package,
                                const std::vector<std::string>& dps = {});

 private:
  void restate_repaired(std::uint64_t job, PackageState state, const std::string& reason,
                        Time as_of, const std::string& return_id);

  Ledger& ledger_;
};

}  // namespace courier
