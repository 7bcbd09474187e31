// Share swap: the only function that changes what a share serves.
//
// clang-format off
//   staging/NEW (whole, synced, read back)            SHARE/FOLDER (old version, or nothing)
//     1  record {version, root, swap: NEW, OLD}  durable
//     2  first install: rename NEW -> FOLDER, which must not exist   (NOREPLACE)
//        update:        exchange NEW <-> FOLDER                      (readers see one or the other)
//        no exchange:   FOLDER -> staging/OLD, then NEW -> FOLDER    (an instant with neither)
//     3  SHARE synced
//     4  record {version, root}  durable; staging/NEW or OLD, now the old version, is removed
// clang-format on
// A crash between any two steps is finished by finish_swaps() from what is on the disk alone: NEW
// was verified before step 1, so it rolls forward where NEW is still there, and else only tidies.
#pragma once

#include <cstddef>
#include <string>

#include "distribution/share.h"

namespace courier {

// Serves staging/`staged` as record.folder. `record` has no swap in it. A folder of that name that
// no record of the share knows was made by hand and is never replaced.
// Errors: not_allowed, when such a folder is in the way; device, no_space.
// Ensures: after a failure or crash the share serves the old version or the new one, whole.
void serve_staged(const Share& share, Entropy& entropy, ServedRecord record,
                  const std::string& staged);

// Takes the package's folder away: out of sight by one rename first, then removed.
// Nothing there is no error. Ensures: after a crash the next call, or sweep(), removes the rest.
void stop_serving(const Share& share, Entropy& entropy, const PackageId& package);

// Finishes every swap a crash has left, then sweeps staging. Returns how many were finished.
std::size_t finish_swaps(const Share& share);

}  // namespace courier
