// TransferBook: transfer jobs `N/DP` (job N to one DP of this site) and the arrows of behaviours.md
// 10.5.
//
//   X1 none->0 · X2 0->1 · X3 0->4 · X4 1->2 · X5 2->3 · X6 3->5 · X7 2,3->4 · X8 4->1,6
//   X9 0-4,8->7 · X10 ignored · X11 0,1,4->8->0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/vocabulary.h"
#include "ledger/ledger.h"
#include "ledger/states.h"

namespace courier {

enum class TransferAction : std::uint8_t { install, remove };
enum class TransferPhase : std::uint8_t { none, copying, verifying, publishing };

struct TransferRow {
  std::uint64_t job = 0;
  std::string dp;
  TransferAction action = TransferAction::install;
  PackageId package;
  std::uint32_t version = 0;
  bool whole = false;  // every file again
  TransferState state = TransferState::pending;
  TransferPhase phase = TransferPhase::none;
  std::string reason;
  std::uint32_t attempts = 0, retries_left = 0;
  std::optional<Time> retry_at;
  std::uint64_t files_present = 0, files_linked = 0, files_copied = 0, bytes_copied = 0;
  std::uint64_t bytes_total = 0;
  bool cancel_requested = false;  // read by running work at its next file
  std::string cancelled_by;
  Time created;
  std::optional<Time> started, finished;
};

struct TransferCounts {
  std::uint64_t files_present = 0, files_linked = 0, files_copied = 0, bytes_copied = 0;
};

class TransferBook {
 public:
  explicit TransferBook(Ledger& ledger) : ledger_(ledger) {}

  void add(const TransferRow& transfer);                 // X1
  void ready(std::uint64_t job, const std::string& dp);  // X2
  void not_ready(std::uint64_t job, const std::string& dp, const std::string& reason,
                 Time retry_at);                            // X3
  void start(std::uint64_t job, const std::string& dp);     // X4
  void progress(std::uint64_t job, const std::string& dp);  // X5
  void set_phase(std::uint64_t job, const std::string& dp, TransferPhase phase);
  void set_counts(std::uint64_t job, const std::string& dp, const TransferCounts& counts);
  void complete(std::uint64_t job, const std::string& dp, const std::string& evidence);  // X6
  // X7: reason and restart time; uses_retry false when a window closed.
  void interrupt(std::uint64_t job, const std::string& dp, const std::string& reason, Time retry_at,
                 bool uses_retry);
  void restart(std::uint64_t job, const std::string& dp);                          // X8 -> 1
  void fail(std::uint64_t job, const std::string& dp, const std::string& reason);  // X8 -> 6
  // X9, X10. False: too late or the own DP, ignored (and noted). The DP's `own` flag is looked up.
  bool cancel(std::uint64_t job, const std::string& dp, const std::string& who);
  void suspend(std::uint64_t job, const std::string& dp);  // X11
  void resume(std::uint64_t job, const std::string& dp);   // X11
  // After a crash (under the home's lock): 2 and 3 become 4 with a restart time of now, no retry
  // used.
  std::size_t recover_running(const std::string& reason);

  std::optional<TransferRow> find(std::uint64_t job, const std::string& dp);
  TransferRow get(std::uint64_t job, const std::string& dp);  // Errors: not_found
  std::vector<TransferRow> list();
  std::vector<TransferRow> of_job(std::uint64_t job);
  // Pending, ready, and pending restart whose time has come; by job's priority, then creation.
  std::vector<TransferRow> due(Time now);
  // Open transfers (not 5, 6, 7) of a package on a DP: superseded by a newer target.
  std::vector<TransferRow> open_on(const std::string& dp, const PackageId& package);
  // A newer target for the same DP and package makes it pointless: to 7, reason says why.
  void supersede(std::uint64_t job, const std::string& dp, std::uint64_t by);

 private:
  Ledger& ledger_;
};

}  // namespace courier
