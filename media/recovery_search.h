// Recovery search: finds the recovery data of a volume with no master block to look up: any one of
// its frames that survived tells where all of it lies. parcel/FORMAT.md, "Finding it".
#pragma once

#include <optional>
#include <vector>

#include "media/recovery_layout.h"
#include "media/volume_bytes.h"

namespace courier {

// How many bytes of a file's end ends_like_volume wants.
inline constexpr std::size_t kRecoveryProbeSize =
    kRecoveryOverhead + kPageDigests * kCellDigestSize;

// Whether a file of this size ends with a frame of recovery data in its place: a volume, however
// its beginning looks. end: the last kRecoveryProbeSize bytes, or the whole of a shorter file.
bool ends_like_volume(ByteView end, std::uint64_t size);

// The set of the last frame of recovery data that lies where it says, other than those in `known`;
// nullopt: there is none. What cannot be read is passed over. Reads backwards from the end: an
// undamaged volume's last frame at once, of a large one without any half a GB in 4,096 places.
std::optional<RecoverySet> find_recovery_set(const VolumeBytes& bytes,
                                             const std::vector<RecoverySet>& known = {});

}  // namespace courier
