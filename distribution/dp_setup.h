// dp add, set, remove, show: a distribution point is a row in the ledger and a mark on its share.
// Source: behaviours.md B54, B76, B79, 12 and 17.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "distribution/dp_mark.h"
#include "distribution/parts.h"
#include "ledger/dp_book.h"

namespace courier {

// What `dp add` and `dp set` may say. Absent: the default, or as it was.
struct DpSettings {
  std::optional<std::string> path;             // set only: the same share at another path
  std::optional<std::uint64_t> reserve_bytes;  // kept free on the drive
  std::optional<std::string> owner;            // "USER", "USER:GROUP" or numbers; "" takes it away
  std::optional<std::string> mode;             // octal: files' permission bits; "" takes it away
  std::optional<bool> setuid;                  // setuid and setgid bits are set as they travelled
};

// What is known of one DP now.
struct DpView {
  DpRow row;
  bool reachable = false;
  std::string why_not;         // when not reachable
  std::optional<DpMark> mark;  // with the means of the swap
  std::uint64_t free_bytes = 0, total_bytes = 0;
};

// Claims the folder and makes the row. Errors: usage (name, owner, mode); not_found (folder);
// not_allowed (name taken, another site's or DP's mark and not take_over). Ensures: the mark is
// durable before the row.
DpView add_dp(const DistributionParts& parts, const std::string& name, const std::string& path,
              const DpSettings& settings, bool take_over);
// Errors: not_found; usage; not_allowed, when a new path has not this DP's mark.
DpView set_dp(const DistributionParts& parts, const std::string& name, const DpSettings& settings);
// Takes the row away; what lies on the share stays, the mark goes so that the folder is free.
// Errors: not_found; not_allowed while packages are Installed or under way there and not force.
void remove_dp(const DistributionParts& parts, const std::string& name, bool force);
DpView show_dp(const DistributionParts& parts, const std::string& name);
std::vector<DpView> list_dps(const DistributionParts& parts);

}  // namespace courier
