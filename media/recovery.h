// Recovery data: makes the parity and the digests that repair a volume when its medium is damaged.
// parcel/FORMAT.md, "Recovery data". Needs no key and does not look at what is in the volume.
//
// The volume is read once in columns: a few neighbouring cells of every layer at a time, so that
// each of the 200 reads is some hundred KiB long. What comes out is staged in a scratch file
// without a name: it is a tenth of the volume and does not fit into memory, and parity is complete
// only when all layers were read, while a medium is written from front to back. (Parity of what was
// just written, in memory, was rejected: a whole parity layer is open at a time there.)
// Memory: three batches of 64 MiB with their parity, at any size of the volume.
#pragma once

#include <cstdint>
#include <string>

#include "base/file_system.h"
#include "base/progress.h"
#include "media/recovery_layout.h"
#include "media/volume_bytes.h"

namespace courier {

// Bytes that the recovery data of a volume has, digests and headers included. percent: 0 to 50.
// Errors: not_allowed, when a volume of this size can have none.
std::uint64_t recovery_size(std::uint64_t volume_size, unsigned percent);

// The largest volume, or one little smaller, that has room for itself and its recovery data in
// `limit` bytes; 0: none has.
std::uint64_t volume_within(std::uint64_t limit, unsigned percent);

// The volume with recovery data for a share of `percent` behind it; with 0 the volume as it is. All
// of the volume is read before this returns. The scratch file lies in the folder given and is gone
// with the result. Progress: phase "recovery". fs outlives the result. Errors: not_allowed;
// no_space, before anything is read, when the scratch folder has not the room; device.
VolumeBytes with_recovery(FileSystem& fs, VolumeBytes volume, unsigned percent,
                          const std::string& scratch_folder, const ProgressSink& progress);

// The same with the numbers given: to make anew what a repaired volume had.
// Precondition: is_allowed(set) and set.volume_size == volume.size.
VolumeBytes with_recovery(FileSystem& fs, VolumeBytes volume, const RecoverySet& set,
                          const std::string& scratch_folder, const ProgressSink& progress);

// The same, but returns at once: the recovery data is made in threads of its own while the volume
// is written somewhere, and whoever comes to the volume's end waits for what is left. For what may
// wait: a burner and a tape drive must not. Letting go of the result ends it. Precondition: the
// volume can be read by two threads. Errors, when the recovery data is read: device.
VolumeBytes with_recovery_meanwhile(FileSystem& fs, VolumeBytes volume, unsigned percent,
                                    const std::string& scratch_folder);

}  // namespace courier
