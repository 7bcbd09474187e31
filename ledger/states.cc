#include "ledger/states.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace courier {
namespace {

constexpr std::array<std::string_view, 12> kJobSteps = {
    "accepted", "routed",    "suspended",  "in parcel", "sent",  "confirmed",
    "failed",   "cancelled", "superseded", "error",     "local", "invalid"};
constexpr std::array<std::string_view, 3> kJobKinds = {"distribute", "redistribute", "remove"};
constexpr std::array<std::string_view, 4> kParcelStates = {"Created", "Sent", "Confirmed",
                                                           "discarded"};
constexpr std::array<std::string_view, 6> kIncomingStates = {
    "Quarantined", "Refused", "Verifying", "Incomplete", "Accepted", "Processed"};
constexpr std::array<std::string_view, 3> kItemStates = {"waiting", "executing", "done"};
constexpr std::array<std::string_view, 9> kPackageStates = {
    "Installed",      "Install Pending",  "Install Retrying",
    "Install Failed", "Removal Pending",  "Removal Retrying",
    "Removal Failed", "Content Updating", "Content Monitoring"};
constexpr std::array<std::string_view, 9> kPendingReasons = {"",
                                                             "not created",
                                                             "created",
                                                             "sent",
                                                             "address closed",
                                                             "waiting for key",
                                                             "waiting for content",
                                                             "outdated",
                                                             "queued"};
constexpr std::array<std::string_view, 10> kPackageStatuses = {
    "none",   "sent",    "received", "installed",     "retry",
    "failed", "removed", "",         "remove failed", "retry remove"};
constexpr std::array<std::string_view, 9> kTransferStates = {
    "Pending",  "Ready",  "Started",  "In Progress", "Pending Restart",
    "Complete", "Failed", "Canceled", "Suspended"};

template <typename T, std::size_t N>
std::string_view at(const std::array<std::string_view, N>& words, T value) {
  const auto i = static_cast<std::size_t>(value);
  if (i >= N) bug("state out of range");
  return words[i];
}

template <typename T, std::size_t N>
std::optional<T> find(const std::array<std::string_view, N>& words, std::string_view text) {
  const auto it = std::find(words.begin(), words.end(), text);
  if (it == words.end()) return std::nullopt;
  return static_cast<T>(it - words.begin());
}

}  // namespace

std::string_view word(JobStep v) { return at(kJobSteps, v); }
std::string_view word(JobKind v) { return at(kJobKinds, v); }
std::string_view word(ParcelState v) { return at(kParcelStates, v); }
std::string_view word(IncomingState v) { return at(kIncomingStates, v); }
std::string_view word(ItemState v) { return at(kItemStates, v); }
std::string_view word(PackageState v) { return at(kPackageStates, v); }
std::string_view word(PendingReason v) { return at(kPendingReasons, v); }
std::string_view word(PackageStatus v) { return at(kPackageStatuses, v); }
std::string_view word(TransferState v) { return at(kTransferStates, v); }

std::optional<JobStep> parse_job_step(std::string_view text) {
  return find<JobStep>(kJobSteps, text);
}
std::optional<ParcelState> parse_parcel_state(std::string_view text) {
  return find<ParcelState>(kParcelStates, text);
}
std::optional<IncomingState> parse_incoming_state(std::string_view text) {
  return find<IncomingState>(kIncomingStates, text);
}
std::optional<PackageState> package_state_of(std::uint64_t code) {
  if (code >= kPackageStates.size()) return std::nullopt;
  return static_cast<PackageState>(code);
}

bool is_ended(JobStep step) {
  switch (step) {
    case JobStep::confirmed:
    case JobStep::failed:
    case JobStep::cancelled:
    case JobStep::superseded:
    case JobStep::invalid:
      return true;
    default:
      return false;
  }
}

bool is_waiting(JobStep step) {
  return step == JobStep::accepted || step == JobStep::routed || step == JobStep::suspended ||
         step == JobStep::error;
}

bool is_ended(TransferState state) {
  return state == TransferState::complete || state == TransferState::failed ||
         state == TransferState::cancelled;
}

bool is_under_way(PackageState state) {
  return state == PackageState::install_pending || state == PackageState::install_retrying ||
         state == PackageState::content_updating || is_removing(state);
}

bool is_removing(PackageState state) {
  return state == PackageState::removal_pending || state == PackageState::removal_retrying;
}

bool is_removal(PackageState state) {
  return is_removing(state) || state == PackageState::removal_failed;
}

PackageState worse(PackageState a, PackageState b) {
  // Mildest first.
  constexpr std::array kOrder = {PackageState::installed,        PackageState::content_monitoring,
                                 PackageState::content_updating, PackageState::install_pending,
                                 PackageState::removal_pending,  PackageState::install_retrying,
                                 PackageState::removal_retrying, PackageState::install_failed,
                                 PackageState::removal_failed};
  const auto rank = [&](PackageState s) { return std::find(kOrder.begin(), kOrder.end(), s); };
  return rank(a) < rank(b) ? b : a;
}

void add_range(std::vector<NumberRange>& ranges, NumberRange added) {
  // All ranges that touch or overlap [added.first - 1, added.last + 1] become one with it.
  auto first = std::find_if(ranges.begin(), ranges.end(), [&](const NumberRange& r) {
    return r.last == UINT64_MAX || r.last + 1 >= added.first;
  });
  auto last = first;
  while (last != ranges.end() && (added.last == UINT64_MAX || last->first <= added.last + 1)) {
    added.first = std::min(added.first, last->first);
    added.last = std::max(added.last, last->last);
    ++last;
  }
  first = ranges.erase(first, last);
  ranges.insert(first, added);
}

std::vector<NumberRange> complement(const std::vector<NumberRange>& ranges, std::uint64_t count) {
  std::vector<NumberRange> out;
  std::uint64_t next = 0;
  for (const auto& r : ranges) {
    if (r.first >= count) break;
    if (r.first > next) out.push_back({next, r.first - 1});
    if (r.last >= count) return out;
    next = r.last + 1;
  }
  if (next < count) out.push_back({next, count - 1});
  return out;
}

bool contains(const std::vector<NumberRange>& ranges, std::uint64_t number) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), number,
                       [](std::uint64_t n, const NumberRange& r) { return n < r.first; });
  return after != ranges.begin() && number <= std::prev(after)->last;
}

}  // namespace courier
