// Volume repair: brings a damaged volume back by its recovery data, to a new file. Needs no key and
// no home.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "courier/report.h"
#include "media/repair.h"

namespace courier {

struct VolumeRepair {
  std::string path;  // of the damaged volume
  std::uint64_t volume_bytes = 0;
  RecoverySet set;
  RepairReport found;
  std::vector<ByteRange> lost;   // the first of them
  std::optional<Error> problem;  // it is beyond repair
};

// Calls `write` with the repaired volume and its recovery data, the same bytes as were written
// once, to be read forwards; what `write` made is to be left when reading throws: something is
// beyond repair then, and the result says what. Errors: damaged, when it is no parcel; not_allowed,
// when it is one and has no recovery data; what `write` throws; device, no_space.
VolumeRepair repair_volume(FileSystem& fs, const VolumeBytes& volume, const std::string& path,
                           const std::function<void(const VolumeBytes& repaired)>& write,
                           const ProgressSink& progress);

// The same from file to file. Errors: besides, not_allowed, when `to` exists: before anything is
// read. Ensures: `to` is whole or not there.
VolumeRepair repair_file(FileSystem& fs, const std::string& path, const std::string& to,
                         const ProgressSink& progress);

// `problem`, found in this volume, with the advice to try its recovery data where it has some that
// may help; `how`: the command that does it.
Error advising_repair(FileSystem& fs, Error problem, const VolumeBytes& volume,
                      const std::string& how);

// written: where the repaired volume is; empty: nowhere.
Json repair_json(const VolumeRepair& repair, const std::string& written);
std::string repair_text(const VolumeRepair& repair, const std::string& written);

}  // namespace courier
