// ParcelPlanner: what a parcel to these addressees would carry, and why anything is not in it.
//
// What is carried: closure(wanted) minus what every addressee has proved it holds. A site's proof
// is its latest return: the closures of the versions named there, minus what that return lists as
// missing, plus the records of our own parcels that arrived at it. A stored block all of whose
// objects are needed travels as it is (it is sealed, not compressed again); of other blocks the
// needed objects are gathered in order into new blocks. Node blocks go first.
// Source: behaviours.md J5, J6, B23, B44, B47, B82.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/vocabulary.h"
#include "ledger/parcel_book.h"
#include "sender/scheduler.h"
#include "sender/sender_parts.h"

namespace courier {

struct PlanRequest {
  std::vector<SiteCode> addressees;
  std::uint64_t max_bytes = 0;  // of the parcel; 0: no limit
};

struct PlannedItem {
  ParcelItemRow row;
  std::string package_name;
  std::uint64_t carried_bytes = 0;  // stored size of what this item adds to the parcel
  std::vector<std::string> bases;   // "PUN00020 version 1"
};

// How the reason begins of what only some of the addressees wait for.
inline constexpr std::string_view kNotWanted = "not wanted by ";

struct LeftBehind {
  std::uint64_t job = 0;
  PackageId package;
  std::uint32_t version = 0;
  SiteCode site;
  std::string reason;  // "size limit", "TEX is to get it too", "no address"
};

struct ParcelPlan {
  std::vector<SiteCode> addressees;
  std::vector<PlannedItem> items;
  std::vector<LeftBehind> left;
  std::uint64_t content_bytes = 0;  // stored size of what is carried
  std::uint64_t parcel_bytes = 0;   // estimate, seals and list included
  std::uint64_t records = 0;
  std::uint64_t objects = 0;  // objects carried
  double minutes = 0;         // estimate of the build
  // The smallest limit under which one of what stays behind for its size would go; 0: nothing does.
  std::uint64_t least_bytes = 0;
  // Some of it is to be coded against what is held there: the sizes are the most that it can be.
  bool at_most = false;
  bool has_content() const { return records > 0; }
  bool empty() const { return items.empty(); }
  bool only_announces() const;  // because nothing fits

  struct Content;                          // where it all lies; private to sender/
  std::shared_ptr<const Content> content;  // shared with the builder that carries the plan out
};

// The estimate for so many addressees instead of the plan's own.
std::uint64_t bytes_for(const ParcelPlan& plan, std::size_t addressees);

class PlanMemory;

class ParcelPlanner {
 public:
  explicit ParcelPlanner(SenderParts& context) : context_(context) {}

  // Changes nothing but the routing of jobs (Scheduler::run). Errors: not_found, a site that is not
  // joined; not_allowed as Scheduler::pending. A job whose content is not whole in the store stays
  // behind.
  ParcelPlan plan(const PlanRequest& request);
  // One of several plans of one moment.
  ParcelPlan plan(const PlanRequest& request, PlanMemory& memory);

 private:
  SenderParts& context_;
};

}  // namespace courier
