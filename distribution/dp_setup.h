// dp add, set, remove, show: a distribution point is a row in the ledger and a mark on each of its
// folders. Source: behaviours.md B54, B70, B76, B79, sections 12 and 17.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "distribution/dp_mark.h"
#include "distribution/parts.h"
#include "ledger/dp_book.h"
#include "store/tree_writer.h"

namespace courier {

// What `dp add` and `dp set` may say. Absent: the default, or as it was.
struct DpSettings {
  std::optional<std::vector<std::string>> paths;  // set only: the same shares at other paths
  std::optional<std::uint64_t> reserve_bytes;     // kept free on the drive
  std::optional<std::string> owner;  // "USER", "USER:GROUP", names or numbers; "": as made
  std::optional<std::string> mode;   // octal permission bits of files, "644"; "": as they travelled
  std::optional<bool> setuid;        // setuid and setgid bits are set as they travelled
  std::optional<bool> own;           // the site's own DP
};

// One folder of a DP as it is now.
struct DpDrive {
  std::string path;
  bool reachable = false;
  std::string why_not;  // when not reachable
  std::optional<DpMark> mark;
  bool excluded = false;  // a marker file says no content there (B70)
  std::uint64_t free_bytes = 0, total_bytes = 0;
};

struct DpView {
  DpRow row;
  std::vector<DpDrive> drives;
  bool reachable() const;  // all of them
};

// Claims the folders, which must exist, and makes the row. Errors: usage (name, owner, mode);
// not_found (folder); not_allowed (name taken; another site's or DP's mark and not take_over).
// Ensures: the marks are durable before the row; after a failure no mark made here is left.
DpView add_dp(const DistributionParts& parts, const std::string& name,
              const std::vector<std::string>& paths, const DpSettings& settings, bool take_over);
// Errors: not_found; usage; not_allowed, when a new path has not this DP's mark.
DpView set_dp(const DistributionParts& parts, const std::string& name, const DpSettings& settings);
// Takes row and marks away; what the share serves stays, jobs that it was the last DP of end.
// Errors: not_found; not_allowed while packages are Installed or under way there and not force.
void remove_dp(const DistributionParts& parts, const std::string& name, bool force);
DpView show_dp(const DistributionParts& parts, const std::string& name);  // Errors: not_found
std::vector<DpView> list_dps(const DistributionParts& parts);

// How trees are written on this DP: owner, mode, setuid bits. Errors: usage, when a name is not
// known on this machine.
TreeWriteOptions write_options(const DpRow& row);

}  // namespace courier
