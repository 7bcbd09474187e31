// DistributionManager: makes the DPs of this site hold what the ledger says they should.
//
// It stands between the store and the shares. Every DP of a package has a row (package on DP,
// behaviours.md 10.4) and each attempt is a transfer job `N/DP` (10.5):
//
//   target() -> Install Pending, transfer Pending -> run_due(): preflight -> stage -> read back
//     -> swap -> Installed          failure -> Install Retrying, due again -> ... -> Install Failed
//   retract() -> Removal Pending -> run_due(): taken away -> no row
//
// Decisions are rows first, so that a crash at any point loses nothing: what is due is read from
// the ledger and done by run_due(), which `distribute`, `receive` and `job run` all call.
// Callers hold the home's lock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/progress.h"
#include "distribution/parts.h"
#include "ledger/states.h"

namespace courier {

enum class PublishMode {
  install,       // distribute, update: nothing to do where this version is Installed
  redistribute,  // every file again, whatever is there (B56)
  replace,       // this version instead of whatever is there: the origin's newer job says so
};

// What became of one package on one DP.
struct DpOutcome {
  std::string dp;
  PackageId package;
  std::uint32_t version = 0;
  std::string transfer;  // "4/D1"; empty: there was nothing to do
  PackageState state = PackageState::install_pending;
  bool removed = false;            // retract: it is gone, there is no state any more
  bool already_installed = false;  // distribute again: nothing was done
  std::string reason;              // of a failure: what happened
  std::string hint;                // and what to do
  std::optional<ErrorCode> error;  // of the last attempt
  std::uint32_t retries_left = 0;
  std::optional<Time> next_try;
  std::uint64_t files_present = 0;  // linked or shared with what was on the share
  std::uint64_t files_copied = 0;
  std::uint64_t bytes_copied = 0;
};

struct PublishReport {
  std::uint64_t job = 0;  // the local job; 0: no job
  std::vector<DpOutcome> outcomes;
  // 0 when every DP did; the status of the failure when all failed alike; 10 when they differ.
  int exit_status() const;
};

class DistributionManager {
 public:
  explicit DistributionManager(const DistributionParts& parts) : parts_(parts) {}

  // T1, T11, T12: the version is to be on these DPs (empty: all of this site). Rows only; a DP that
  // has the version Installed gets no row changed in mode install. `job` 0: a local job is made.
  // Errors: not_found (package, version, DP). Ensures: one transaction.
  PublishReport target(const PackageId& package, std::uint32_t version,
                       const std::vector<std::string>& dps, PublishMode mode,
                       std::uint64_t job = 0);
  // T17: it is to be gone from these DPs (empty: all). Rows only. A DP without a row is passed
  // over.
  PublishReport retract(const PackageId& package, const std::vector<std::string>& dps,
                        std::uint64_t job = 0);

  // Does everything that is due now: removals, transfers, retries; finishes what a crash left on
  // the shares. `only`: this package alone, whether its retry time has come or not.
  // Never throws for one DP's failure: that is an outcome. Errors: device, of the ledger itself.
  PublishReport run_due(const ProgressSink& progress,
                        const std::optional<PackageId>& only = std::nullopt);

  // distribute, redistribute, retract for this site's own DPs: rows, then work, then the report.
  PublishReport publish(const PackageId& package, std::uint32_t version,
                        const std::vector<std::string>& dps, PublishMode mode,
                        const ProgressSink& progress);
  PublishReport take_away(const PackageId& package, const std::vector<std::string>& dps,
                          const ProgressSink& progress);

  // X9, X10: cancels a transfer job N/DP. Errors: not_found; not_allowed, when it has ended.
  void cancel(std::uint64_t job, const std::string& dp, const std::string& who);

 private:
  DistributionParts parts_;
};

}  // namespace courier
