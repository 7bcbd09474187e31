// The closed lists of states and reasons the ledger keeps, with their words for tables and JSON.
// Source: behaviours.md section 10; the numeric codes of 10.4 and 10.5 are the historic ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace courier {

// 10.1: where a job stands.
enum class JobStep : std::uint8_t {
  accepted,
  routed,
  suspended,
  in_parcel,
  sent,
  confirmed,
  failed,
  cancelled,
  superseded,
  error,
  local,
  invalid,
};

enum class JobKind : std::uint8_t { distribute, redistribute, remove };

// 10.2: a parcel at its origin, per addressee. Partly confirmed, lost and overdue are facts beside
// it.
enum class ParcelState : std::uint8_t { created, sent, confirmed, discarded };

// 10.3: a parcel at its receiver. Offered and Identified are never stored: identify changes
// nothing.
enum class IncomingState : std::uint8_t {
  quarantined,
  refused,
  verifying,
  incomplete,
  accepted,
  processed,
};

// An item of an incoming parcel. done: it has a verdict.
enum class ItemState : std::uint8_t { waiting, executing, done };

// 10.4: a package on a DP, and of a job.
enum class PackageState : std::uint8_t {
  installed = 0,
  install_pending = 1,
  install_retrying = 2,
  install_failed = 3,
  removal_pending = 4,
  removal_retrying = 5,
  removal_failed = 6,
  content_updating = 7,
  content_monitoring = 8,
};

// Why a package is Install Pending.
enum class PendingReason : std::uint8_t {
  none,
  not_created,
  created,
  sent,
  address_closed,
  waiting_for_key,
  waiting_for_content,
  outdated,
  queued,
};

// 10.4: the historic package status kept in site rows.
enum class PackageStatus : std::uint8_t {
  none = 0,
  sent = 1,
  received = 2,
  installed = 3,
  retry = 4,
  failed = 5,
  removed = 6,
  remove_failed = 8,
  retry_remove = 9,
};

// 10.5: a transfer job.
enum class TransferState : std::uint8_t {
  pending = 0,
  ready = 1,
  started = 2,
  in_progress = 3,
  pending_restart = 4,
  complete = 5,
  failed = 6,
  cancelled = 7,
  suspended = 8,
};

// "in parcel", "Install Pending", "not created", "Created" ...: as people read them.
std::string_view word(JobStep);
std::string_view word(JobKind);
std::string_view word(ParcelState);
std::string_view word(IncomingState);
std::string_view word(ItemState);
std::string_view word(PackageState);
std::string_view word(PendingReason);
std::string_view word(PackageStatus);
std::string_view word(TransferState);
std::optional<JobStep> parse_job_step(std::string_view);
std::optional<ParcelState> parse_parcel_state(std::string_view);
std::optional<IncomingState> parse_incoming_state(std::string_view);
std::optional<PackageState> package_state_of(std::uint64_t code);  // 0 to 8

bool is_ended(JobStep);        // confirmed, failed, cancelled, superseded, invalid
bool is_waiting(JobStep);      // accepted, routed, suspended, error: for a parcel
bool is_ended(TransferState);  // complete, failed, cancelled
// Not done and not given up: Install Pending, Retrying, Content Updating, Removal Pending,
// Retrying.
bool is_under_way(PackageState);
bool is_removing(PackageState);  // Removal Pending, Retrying
bool is_removal(PackageState);   // those and Removal Failed

// The worse of two, for a site whose DPs differ: a failure beats a retry beats pending beats
// updating beats installed.
PackageState worse(PackageState, PackageState);

// Inclusive range of record numbers or parcel numbers.
struct NumberRange {
  std::uint64_t first = 0, last = 0;
  bool operator==(const NumberRange&) const = default;
};
// Adds a range to sorted, disjoint ones, joining what touches.
void add_range(std::vector<NumberRange>& ranges, NumberRange added);
// What of [0, count) is in none of the ranges.
std::vector<NumberRange> complement(const std::vector<NumberRange>& ranges, std::uint64_t count);
bool contains(const std::vector<NumberRange>& ranges, std::uint64_t number);

}  // namespace courier
