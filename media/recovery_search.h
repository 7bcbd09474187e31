// Recovery search: finds the recovery data of a volume with no master block to look up: any one of
// its frames that survived tells where all of it lies. parcel/FORMAT.md, "Finding it".
#pragma once

#include <optional>
#include <vector>

#include "media/recovery_layout.h"
#include "media/volume_bytes.h"

namespace courier {

// Whether the bytes end with a frame of recovery data that lies where it says and is the last of
// its set: a volume, however its beginning looks. One read of 4 KiB; one that fails says no.
bool ends_with_recovery_data(const VolumeBytes& bytes);

// The set of the last frame of recovery data that lies where it says, other than those in `known`;
// nullopt: there is none. What cannot be read is passed over. Reads backwards from the end: an
// undamaged volume's last frame at once, of a large one without any half a GB in 4,096 places.
std::optional<RecoverySet> find_recovery_set(const VolumeBytes& bytes,
                                             const std::vector<RecoverySet>& known = {});

}  // namespace courier
