// Validation: re-hashes what the shares serve and flags what differs (T15). It never repairs.
// Source: behaviours.md B71, B79.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "base/vocabulary.h"
#include "distribution/parts.h"
#include "store/tree_verify.h"

namespace courier {

struct ValidationResult {
  std::string dp;
  PackageId package;
  std::uint32_t version = 0;
  std::uint64_t files = 0, bytes = 0;    // re-hashed
  std::vector<TreeDifference> findings;  // the first of each sort; paths beneath its folder
  std::uint64_t differences = 0;         // all but strays
  std::uint64_t strays = 0;              // put there by hand
  std::optional<ErrorCode> error;        // the DP could not be read
  std::string reason;
};

struct ValidationReport {
  std::vector<ValidationResult> results;
  // 4 when anything differs or is missing; 11 when a DP is not reachable; strays alone are 0.
  int exit_status() const;
};

// Re-hashes what the shares of this site serve. Absent: all.
// Errors: not_found (package, DP, or nothing Installed there).
ValidationReport validate_shares(const DistributionParts& parts,
                                 const std::optional<PackageId>& package,
                                 const std::optional<std::string>& dp,
                                 const ProgressSink& progress);

}  // namespace courier
