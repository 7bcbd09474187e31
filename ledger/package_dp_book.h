// PackageDpBook: the state of each package on each DP, and the arrows of behaviours.md 10.4. Rows
// of the own site move by what was done and read back; rows of other sites (the origin's view) move
// by T1, T2, T9, T12, T17 and otherwise only by verified returns (as_returned).
//
// clang-format off
//   T1 none->1 · T2 to T4, T13 within 1 · T5 1,2,7->0 · T6 1,7->2 · T7 2->0,2 · T8 2->3
//   T9 1,2,7->3 · T11 0,3,6->1 · T12 0,7->7; 1,2,3->1 · T15 0 invalid · T16 1->8->0,1
//   T17 0-3,7,8->4 · T18 4,5->none · T19 4,5->5,6 · T20 6->4,1
// clang-format on
//
// Arrow functions. Errors: not_allowed when the arrow does not exist from where the row stands.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/vocabulary.h"
#include "ledger/ledger.h"
#include "ledger/return_book.h"
#include "ledger/states.h"

namespace courier {

struct PackageDpKey {
  SiteCode site;
  std::string dp;  // "": the site's stored content (row type 1)
  PackageId package;
  auto operator<=>(const PackageDpKey&) const = default;
  std::string str() const;  // "PSE/D1/PUN00020", "PSE/PUN00020"
};

struct PackageDpRow {
  PackageDpKey key;
  std::uint32_t version = 0;  // wanted
  std::uint32_t served = 0;   // what readers see; 0: nothing
  PackageState state = PackageState::install_pending;
  PendingReason pending = PendingReason::not_created;
  PackageStatus status = PackageStatus::none;  // site rows
  std::string reason;
  bool whole = false;    // every file again (redistribute)
  bool invalid = false;  // validation found a difference
  std::optional<std::uint32_t> retries_left;
  std::optional<Time> retry_at;
  std::uint64_t job = 0;  // the latest that concerns it; of this ledger
  std::string folder;     // name of its folder on the share, as written
  std::string drive;      // which of the DP's paths it is on
  Time as_of;
  std::string evidence;  // return or parcel or "this site"
};

// A package at all distribution points; installed: in the version that is the source's.
struct PackageCount {
  PackageId package;
  std::uint64_t sites = 0, targeted = 0, installed = 0, retrying = 0, failed = 0, invalid = 0;
};

class PackageDpBook {
 public:
  explicit PackageDpBook(Ledger& ledger) : ledger_(ledger) {}

  // T1, T11, T12, T14, T20 as the row stands: distribute `version` here. whole: redistribute.
  // Returns false for T14 (already at this version or newer; nothing changed). forced: the origin's
  // newer job decides, whatever version is there (rolled back, an origin built anew).
  bool target(const PackageDpKey& key, std::uint32_t version, std::uint64_t job, bool whole,
              PendingReason pending, const std::string& evidence, bool forced = false);
  // T2, T3, T4, T13: Install Pending for another reason. Also keeps 7 (Content Updating).
  void pending(const PackageDpKey& key, PendingReason reason, const std::string& text,
               const std::string& evidence);
  void installed(const PackageDpKey& key, const std::string& evidence);  // T5
  void failed_attempt(const PackageDpKey& key, const std::string& reason, std::uint32_t left,
                      Time retry_at);                                                     // T6, T7
  void failed(const PackageDpKey& key, const std::string& reason);                        // T8
  void cancel(const PackageDpKey& key, const std::string& who);                           // T9,T19
  void invalid(const PackageDpKey& key, const std::string& what);                         // T15
  void retract(const PackageDpKey& key, std::uint64_t job, const std::string& evidence);  // T17,T20
  void removed(const PackageDpKey& key, const std::string& evidence);                     // T18
  void removal_failed(const PackageDpKey& key, const std::string& reason,
                      std::optional<std::uint32_t> left, std::optional<Time> retry_at);  // T19
  // The transfer of that job does it from now on; no arrow.
  void hand_over(const PackageDpKey& key, std::uint64_t job);
  void place(const PackageDpKey& key, const std::string& folder, const std::string& drive);
  // Replaces all rows of another site by what its verified return says; rows of the origin for jobs
  // the return cannot know yet (pending) stay.
  void as_returned(const SiteCode& site, const std::vector<ReturnDpState>& states,
                   const std::string& return_id);
  void forget_site(const SiteCode& site);

  std::optional<PackageDpRow> find(const PackageDpKey& key);
  PackageDpRow get(const PackageDpKey& key);  // Errors: not_found
  std::vector<PackageDpRow> list();           // by package, site, dp
  std::vector<PackageCount> counts();         // by package; not of removed ones
  std::vector<PackageDpRow> of_site(const SiteCode& site);
  std::vector<PackageDpRow> of_package(const PackageId& package);
  std::vector<PackageDpRow> of_dp(const SiteCode& site, const std::string& dp);

 private:
  Ledger& ledger_;
};

}  // namespace courier
