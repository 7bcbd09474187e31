// TransferRun: does the transfer jobs that are due and moves their rows; one per call of
// DistributionManager::run_due. Not for other rooms.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "distribution/distribution_manager.h"
#include "distribution/parts.h"
#include "distribution/transfer.h"
#include "ledger/dp_book.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/settings.h"
#include "ledger/status_log.h"
#include "ledger/transfer_book.h"

namespace courier {

class TransferRun {
 public:
  TransferRun(const DistributionParts& parts, const ProgressSink& progress);

  PublishReport run(const std::optional<PackageId>& only);

 private:
  void recover();
  std::uint64_t content_of(const TransferRow& transfer);
  DpOutcome run_one(TransferRow transfer, const ProgressSink& progress);
  void install(const TransferRow& transfer, const DpRow& dp, const ProgressSink& progress,
               DpOutcome& outcome);
  void remove(const TransferRow& transfer, const DpRow& dp, DpOutcome& outcome);
  TransferOrder make_order(const TransferRow& transfer, const DpRow& dp,
                           const ProgressSink& progress);
  void install_failed(const TransferRow& transfer, const Error& error, DpOutcome& outcome);
  void throw_if_ended(const TransferRow& transfer);
  void removal_failed(const TransferRow& transfer, const Error& error, DpOutcome& outcome);
  void wait_for_content(const TransferRow& transfer, const Error& error, DpOutcome& outcome);
  void cancelled(const TransferRow& transfer, DpOutcome& outcome);
  bool is_cancelled(const TransferRow& transfer);
  // X3 or X7, then X8 when no retries are left. Returns what is left.
  std::uint32_t note_failure(const TransferRow& transfer, const std::string& reason, Time retry_at,
                             bool uses_retry);

  PackageDpKey key_of(const TransferRow& transfer) const;
  std::string name_of(const TransferRow& transfer) const;
  void say(Component component, Severity severity, const TransferRow& transfer,
           const std::string& message, Fields more = {});

  DistributionParts parts_;
  const ProgressSink& progress_;
  DpBook dps_;
  PackageBook packages_;
  PackageDpBook states_;
  TransferBook transfers_;
  Settings settings_;
  StatusLog status_;
};

}  // namespace courier
