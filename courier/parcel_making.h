// Parcel making: what is pending, what a parcel of it would carry, and the parcel.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "courier/commands.h"

namespace courier {

struct MakingOptions {
  std::vector<std::string> to;  // site codes; of pending: empty means all
  std::string out, level = "default", max_bytes, name;
  std::optional<std::string> comment, carrier, tracking;
  unsigned wait = 0;  // seconds, of pending
  bool plan = false, groups = false;
};

// With `groups` the parcels that it could go in, one for all sites that can share a payload.
Report pending_jobs(Context& context, const MakingOptions& options);
// With `plan` only says what it would carry; with `out` writes a copy to that medium, too.
Report create_parcel(Context& context, const MakingOptions& options);

}  // namespace courier
