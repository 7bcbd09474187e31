// Repaired copy: the bytes of a damaged volume and of its recovery data as they were written once.
#pragma once

#include <string>

#include "base/progress.h"
#include "media/repair.h"

namespace courier {

// Volume and recovery data, to be read forwards once: the volume is repaired while it is read, and
// recovery data is taken from the medium where it is whole, else made again of what was repaired
// (progress: phase "recovery"). medium: what `repaired` was opened from; both outlive the result.
// Errors, when it is read: damaged, as soon as something is beyond repair; no_space, device: of the
// scratch folder.
VolumeBytes repaired_copy(FileSystem& fs, RepairedVolume& repaired, VolumeBytes medium,
                          const std::string& scratch_folder, const ProgressSink& progress);

}  // namespace courier
