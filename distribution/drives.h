// Drives: a DP may have several folders, one per drive. A package lies on one of them: the one it
// is on already, else the one with most free space; a marker file excludes a drive (B70, B79).
#pragma once

#include <string>

#include "distribution/dp_setup.h"
#include "distribution/share.h"

namespace courier {

// What is at one path of a DP now; never throws.
DpDrive look_at_drive(FileSystem& fs, const DpRow& row, const std::string& path,
                      const SiteCode& site);

// Opens the drive of `dp` that serves the package (`drive`, when it is one of the DP's paths), else
// the reachable one with most free space. Errors: device, "not reachable: …"; not_allowed, when all
// are excluded.
Share open_drive(FileSystem& fs, const DpRow& dp, const SiteCode& site, const std::string& drive);

// Opens every reachable drive, for recovery and sweeping.
std::vector<Share> open_reachable_drives(FileSystem& fs, const DpRow& dp, const SiteCode& site);

}  // namespace courier
