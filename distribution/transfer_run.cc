#include "distribution/transfer_run.h"

#include <fmt/format.h>

#include "base/phases.h"
#include "distribution/drives.h"
#include "distribution/local_jobs.h"
#include "distribution/share_swap.h"
#include "ledger/ledger.h"

namespace courier {
namespace {

// How often running work looks whether it was cancelled.
constexpr std::chrono::milliseconds kCheckpointInterval{500};

// Stops a transfer that was cancelled; never leaves this file.
struct Cancelled {};

bool is_content_fault(const Error& error) {
  return error.code() == ErrorCode::incomplete || error.code() == ErrorCode::damaged;
}

// What went wrong, without the DP that it is about: the row names it.
std::string message_of(const Error& error, const TransferRow& transfer) {
  const std::string what = error.what(), subject = "distribution point " + transfer.dp + ": ";
  return what.starts_with(subject) ? what.substr(subject.size()) : what;
}

// Something else was decided about the package on this DP since the transfer was queued.
bool is_overtaken(const TransferRow& transfer, const PackageDpRow& row) {
  const bool removing = is_removing(row.state);
  if (transfer.action == TransferAction::remove) return !removing;
  return removing || row.version != transfer.version;
}

}  // namespace

TransferRun::TransferRun(const DistributionParts& parts, const ProgressSink& progress)
    : parts_(parts),
      progress_(progress),
      dps_(parts.ledger),
      packages_(parts.ledger),
      states_(parts.ledger),
      transfers_(parts.ledger),
      settings_(parts.ledger),
      status_(parts.ledger) {}

PublishReport TransferRun::run(const std::optional<PackageId>& only) {
  recover();
  // Of one package everything that is open, due or not: somebody has just asked for it.
  const Time now = parts_.clock.now();
  std::vector<TransferRow> due = transfers_.due(only ? Time::max() : now);
  if (only) std::erase_if(due, [&](const TransferRow& one) { return one.package != *only; });
  PublishReport report;
  std::set<std::uint64_t> touched;
  Phases phases(progress_);
  std::uint64_t all = 0;
  for (const TransferRow& transfer : due) all += content_of(transfer);
  const std::size_t publishing = phases.add("publishing", all);
  for (const TransferRow& transfer : due) {
    touched.insert(transfer.job);
    report.outcomes.push_back(run_one(transfer, phases.next(publishing, content_of(transfer))));
  }
  for (std::uint64_t job : touched) close_job(parts_.ledger, parts_.site, job);
  close_ended_jobs(parts_.ledger, parts_.site);
  if (touched.size() == 1) report.job = *touched.begin();
  return report;
}

void TransferRun::recover() {
  transfers_.recover_running("courier was stopped in the middle of it");
  for (const DpRow& dp : dps_.list()) {
    for (const Share& share : open_reachable_drives(parts_.fs, dp, parts_.site)) {
      try {
        const std::size_t finished = finish_swaps(share);
        if (finished > 0) {
          parts_.journal.write(
              Component::distribution_manager, Severity::warning,
              fmt::format("{}: {} swaps finished that were cut short", dp.name, finished),
              {{"dp", dp.name}});
        }
      } catch (const Error& error) {
        parts_.journal.write(Component::distribution_manager, Severity::warning, error.what(),
                             {{"dp", dp.name}});
      }
    }
  }
}

std::uint64_t TransferRun::content_of(const TransferRow& transfer) {
  if (transfer.action == TransferAction::remove) return 0;
  const auto version = packages_.version(transfer.package, transfer.version);
  return version ? version->bytes : 0;
}

DpOutcome TransferRun::run_one(TransferRow transfer, const ProgressSink& progress) {
  DpOutcome outcome;
  outcome.dp = transfer.dp;
  outcome.package = transfer.package;
  outcome.version = transfer.version;
  outcome.transfer = name_of(transfer);
  // Settings and cancels are short transactions of others: what is done now is what the rows say
  // now.
  auto now = transfers_.find(transfer.job, transfer.dp);
  auto dp = dps_.find(transfer.dp);
  if (!now || !dp) {
    outcome.reason = "it is no longer wanted";
    return outcome;
  }
  transfer = *now;
  if (is_cancelled(transfer)) {
    cancelled(transfer, outcome);
    return outcome;
  }
  const auto state = states_.find(key_of(transfer));
  if (state && is_overtaken(transfer, *state)) {
    transfers_.supersede(transfer.job, transfer.dp, state->job);
    outcome.state = state->state;
    outcome.transfer.clear();  // it says nothing of what its job was to do
    outcome.reason = fmt::format("superseded by job {}", state->job);
    return outcome;
  }
  outcome.retries_left = transfer.retries_left;
  if (transfer.action == TransferAction::remove) {
    remove(transfer, *dp, outcome);
  } else {
    install(transfer, *dp, progress, outcome);
  }
  return outcome;
}

TransferOrder TransferRun::make_order(const TransferRow& transfer, const DpRow& dp,
                                      const ProgressSink& progress) {
  const PackageRow package = packages_.get(transfer.package);
  const VersionRow version = packages_.get_version(transfer.package, transfer.version);
  TransferOrder order;
  order.package = transfer.package;
  order.version = transfer.version;
  order.root = version.root;
  order.folder = package.share_name.empty() ? package.id.str() : package.share_name;
  order.every_file = transfer.whole;
  order.reserve_bytes = dp.reserve_bytes
                            ? *dp.reserve_bytes
                            : static_cast<std::uint64_t>(settings_.number("dp.reserve"));
  order.as = write_options(dp);
  order.progress = progress;
  auto last_look = std::make_shared<std::chrono::nanoseconds>(parts_.clock.monotonic());
  order.checkpoint = [this, transfer, last_look] {  // shared by the copies of the function
    const auto now = parts_.clock.monotonic();
    if (now - *last_look < kCheckpointInterval) return;
    *last_look = now;
    if (is_cancelled(transfer)) throw Cancelled{};
  };
  order.phase = [this, transfer](const std::string& phase) {
    if (phase == "copying") {
      transfers_.progress(transfer.job, transfer.dp);
      transfers_.set_phase(transfer.job, transfer.dp, TransferPhase::copying);
    } else if (phase == kCopyingAgain) {
      transfers_.set_phase(transfer.job, transfer.dp, TransferPhase::copying);
    } else if (phase == "verifying") {
      if (is_cancelled(transfer)) throw Cancelled{};
      status_.tell("2329", Severity::info, transfer.package, {transfer.package.str(), transfer.dp});
      transfers_.set_phase(transfer.job, transfer.dp, TransferPhase::verifying);
    } else {
      transfers_.set_phase(transfer.job, transfer.dp, TransferPhase::publishing);
    }
    say(Component::package_transfer_manager, Severity::info, transfer, phase);
  };
  // The copy may fail for want of space: what the share has done to a file is not lost with that.
  order.linked_differs = [this, transfer](const Error& cause) {
    say(Component::package_transfer_manager, Severity::warning, transfer, cause.what());
  };
  return order;
}

void TransferRun::install(const TransferRow& transfer, const DpRow& dp,
                          const ProgressSink& progress, DpOutcome& outcome) {
  status_.tell("2342", Severity::info, transfer.package, {transfer.package.str(), transfer.dp});
  say(Component::package_transfer_manager, Severity::info, transfer, "started");
  try {
    if (transfer.state == TransferState::pending_restart) {
      transfers_.restart(transfer.job, transfer.dp);
      transfers_.start(transfer.job, transfer.dp);
    }
    const TransferOrder order = make_order(transfer, dp, progress);
    auto state = states_.find(key_of(transfer));
    const Share share =
        open_drive(parts_.fs, dp, parts_.site, state ? state->drive : std::string());
    share.prove_writable();
    if (transfer.state == TransferState::pending) transfers_.ready(transfer.job, transfer.dp);
    if (transfer.state != TransferState::pending_restart) {
      transfers_.start(transfer.job, transfer.dp);
    }
    const TransferResult result = courier::transfer(parts_.store, share, parts_.entropy, order);

    Transaction transaction{parts_.ledger};
    TransferCounts counts;
    counts.files_present = result.files_present;
    counts.files_linked = result.files_present;
    counts.files_copied = result.files_copied;
    counts.bytes_copied = result.bytes_copied;
    transfers_.set_counts(transfer.job, transfer.dp, counts);
    transfers_.complete(transfer.job, transfer.dp, "read back and equal");
    states_.place(key_of(transfer), order.folder, share.path());
    states_.installed(key_of(transfer), "transfer " + name_of(transfer) + ", read back");
    status_.tell("2330", Severity::info, transfer.package, {transfer.package.str(), transfer.dp});
    transaction.commit();

    if (result.attributes_lost > 0) {
      say(Component::package_transfer_manager, Severity::warning, transfer,
          fmt::format("the share holds no extended attributes: {} entries are without theirs",
                      result.attributes_lost));
    }
    outcome.state = PackageState::installed;
    outcome.files_present = result.files_present;
    outcome.files_copied = result.files_copied;
    outcome.bytes_copied = result.bytes_copied;
    say(Component::package_transfer_manager, Severity::info, transfer, "complete",
        {{"files_present", std::to_string(result.files_present)},
         {"files_copied", std::to_string(result.files_copied)},
         {"bytes_copied", std::to_string(result.bytes_copied)}});
  } catch (const Cancelled&) {
    cancelled(transfer, outcome);
  } catch (const Error& error) {
    throw_if_ended(transfer);
    if (is_content_fault(error)) {
      wait_for_content(transfer, error, outcome);
    } else {
      install_failed(transfer, error, outcome);
    }
  }
}

std::uint32_t TransferRun::note_failure(const TransferRow& transfer, const std::string& reason,
                                        Time retry_at, bool uses_retry) {
  const TransferRow now = transfers_.get(transfer.job, transfer.dp);
  if (now.state == TransferState::pending) {
    transfers_.not_ready(transfer.job, transfer.dp, reason, retry_at);
  } else {
    if (now.state == TransferState::ready) transfers_.start(transfer.job, transfer.dp);
    transfers_.interrupt(transfer.job, transfer.dp, reason, retry_at, uses_retry);
  }
  const std::uint32_t left = transfers_.get(transfer.job, transfer.dp).retries_left;
  if (uses_retry && left == 0) transfers_.fail(transfer.job, transfer.dp, reason);
  return left;
}

void TransferRun::install_failed(const TransferRow& transfer, const Error& error,
                                 DpOutcome& outcome) {
  if (is_cancelled(transfer)) return cancelled(transfer, outcome);  // in the middle of its end
  const std::string reason = message_of(error, transfer);
  const Time retry_at = parts_.clock.now() + settings_.minutes("dp.retry-interval");
  Transaction transaction{parts_.ledger};
  const std::uint32_t left = note_failure(transfer, reason, retry_at, true);
  states_.failed_attempt(key_of(transfer), reason, left, retry_at);
  if (left == 0) states_.failed(key_of(transfer), reason);
  status_.tell("2328", Severity::warning, transfer.package,
               {transfer.package.str(), transfer.dp, reason});
  status_.tell("2302", left == 0 ? Severity::error : Severity::warning, transfer.package,
               {transfer.package.str(), transfer.dp, reason});
  transaction.commit();

  outcome.state = left == 0 ? PackageState::install_failed : PackageState::install_retrying;
  outcome.reason = reason;
  outcome.error = error.code();
  outcome.hint = error.hint();
  outcome.retries_left = left;
  if (left > 0) outcome.next_try = retry_at;
  say(Component::package_transfer_manager, Severity::error, transfer, "failed: " + reason,
      {{"retries_left", std::to_string(left)}});
}

void TransferRun::wait_for_content(const TransferRow& transfer, const Error& error,
                                   DpOutcome& outcome) {
  const std::string reason = message_of(error, transfer);
  const Time retry_at = parts_.clock.now() + settings_.minutes("distribution.wake");
  Transaction transaction{parts_.ledger};
  packages_.mark_not_stored(transfer.package, transfer.version);
  note_failure(transfer, reason, retry_at, false);
  states_.pending(key_of(transfer), PendingReason::waiting_for_content, reason,
                  "transfer " + name_of(transfer));
  status_.tell("2302", Severity::error, transfer.package,
               {transfer.package.str(), transfer.dp, reason});
  transaction.commit();

  outcome.state = PackageState::install_pending;
  outcome.reason = reason;
  outcome.error = error.code();
  outcome.hint = error.hint();
  outcome.retries_left = transfer.retries_left;
  outcome.next_try = retry_at;
  say(Component::package_transfer_manager, Severity::error, transfer,
      "waits for content: " + reason);
}

void TransferRun::remove(const TransferRow& transfer, const DpRow& dp, DpOutcome& outcome) {
  say(Component::package_transfer_manager, Severity::info, transfer, "removal started");
  try {
    auto state = states_.find(key_of(transfer));
    const std::string drive = state ? state->drive : std::string();
    if (transfer.state == TransferState::pending_restart) {
      transfers_.restart(transfer.job, transfer.dp);
      transfers_.start(transfer.job, transfer.dp);
    }
    const Share share = open_drive(parts_.fs, dp, parts_.site, drive);
    share.prove_writable();
    if (transfer.state == TransferState::pending) transfers_.ready(transfer.job, transfer.dp);
    if (transfer.state != TransferState::pending_restart) {
      transfers_.start(transfer.job, transfer.dp);
    }
    transfers_.progress(transfer.job, transfer.dp);
    // From here on it is too late for a cancel (X10); one that came before is seen here.
    transfers_.set_phase(transfer.job, transfer.dp, TransferPhase::publishing);
    if (is_cancelled(transfer)) throw Cancelled{};
    stop_serving(share, parts_.entropy, transfer.package);

    Transaction transaction{parts_.ledger};
    transfers_.complete(transfer.job, transfer.dp, "removed");
    states_.removed(key_of(transfer), "transfer " + name_of(transfer));
    status_.tell("C6", Severity::info, transfer.package,
                 {transfer.package.str(), transfer.dp, "removed"});
    transaction.commit();
    outcome.removed = true;
    say(Component::package_transfer_manager, Severity::info, transfer, "removed");
  } catch (const Cancelled&) {
    cancelled(transfer, outcome);
  } catch (const Error& error) {
    throw_if_ended(transfer);
    removal_failed(transfer, error, outcome);
  }
}

// Precondition: called where an Error is caught. A commit may say that it failed and have happened:
// then it is the ledger that fails and not the share, and there is nothing to try again.
void TransferRun::throw_if_ended(const TransferRow& transfer) {
  if (transfers_.get(transfer.job, transfer.dp).state == TransferState::complete) throw;
}

void TransferRun::removal_failed(const TransferRow& transfer, const Error& error,
                                 DpOutcome& outcome) {
  if (is_cancelled(transfer)) return cancelled(transfer, outcome);  // in the middle of its end
  const std::string reason = message_of(error, transfer);
  const Time retry_at = parts_.clock.now() + settings_.minutes("dp.retry-interval");
  Transaction transaction{parts_.ledger};
  const std::uint32_t left = note_failure(transfer, reason, retry_at, true);
  states_.removal_failed(key_of(transfer), reason, left > 0 ? std::optional(left) : std::nullopt,
                         left > 0 ? std::optional(retry_at) : std::nullopt);
  status_.tell("C6", Severity::warning, transfer.package,
               {transfer.package.str(), transfer.dp, reason});
  transaction.commit();
  outcome.state = left == 0 ? PackageState::removal_failed : PackageState::removal_retrying;
  outcome.reason = reason;
  outcome.error = error.code();
  outcome.hint = error.hint();
  outcome.retries_left = left;
  if (left > 0) outcome.next_try = retry_at;
  say(Component::package_transfer_manager, Severity::error, transfer, "removal failed: " + reason);
}

bool TransferRun::is_cancelled(const TransferRow& transfer) {
  auto now = transfers_.find(transfer.job, transfer.dp);
  return !now || now->state == TransferState::cancelled || now->cancel_requested;
}

void TransferRun::cancelled(const TransferRow& transfer, DpOutcome& outcome) {
  auto now = transfers_.find(transfer.job, transfer.dp);
  const std::string who = now && !now->cancelled_by.empty() ? now->cancelled_by : "the operator";
  auto state = states_.find(key_of(transfer));
  if (now && now->state != TransferState::cancelled) {
    transfers_.cancel(transfer.job, transfer.dp, who);
  }
  if (state) outcome.state = state->state;
  outcome.reason = "cancelled by " + who;
  say(Component::package_transfer_manager, Severity::warning, transfer, outcome.reason);
}

PackageDpKey TransferRun::key_of(const TransferRow& transfer) const {
  return PackageDpKey{parts_.site, transfer.dp, transfer.package};
}

std::string TransferRun::name_of(const TransferRow& transfer) const {
  return fmt::format("{}/{}", transfer.job, transfer.dp);
}

void TransferRun::say(Component component, Severity severity, const TransferRow& transfer,
                      const std::string& text, Fields more) {
  Fields fields = {{"transfer", name_of(transfer)},
                   {"package", transfer.package.str()},
                   {"version", std::to_string(transfer.version)}};
  fields.insert(fields.end(), more.begin(), more.end());
  parts_.journal.write(component, severity, name_of(transfer) + ": " + text, fields);
}

}  // namespace courier
