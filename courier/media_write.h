// Parcels to media: by their ID from the outbox, or any parcel's file; whole, or as volumes on one
// medium after the other.
#pragma once

#include <string>
#include <vector>

#include "courier/commands.h"
#include "courier/volume_writer.h"

namespace courier {

// Where to: serial: of the drive, as the operator gave it, for one without a file system.
struct MediaTarget {
  std::string name, serial;
};

// Looks whether something can be written there, as far as is seen without a look at the medium
// itself: before a parcel is made for it. Errors: not_found; usage, it is a file; not_allowed;
// device, it is read-only; as UsbGate::check.
void require_target(Context& context, const std::string& target);

// Writes a parcel of the outbox, reads it back, and records each copy or volume. On a terminal it
// asks for the next medium until all is written. Adds "volumes" and "copy" to the report; a
// failure, or a set of volumes that is not all written, becomes the report's problem.
void copy_to_media(Context& context, const ParcelRow& parcel, const MediaTarget& target,
                   const VolumeRequest& request, Report& report);

// The same for a parcel's file, or a volume's, which need not be of this site; for several volumes
// of one parcel, or folders that hold them, which are joined and cut anew. What is not of this
// site's outbox is recorded nowhere. Errors: what no parcel's file gives; as joined_parcel.
void copy_files_to_media(Context& context, const std::vector<std::string>& paths,
                         const MediaTarget& target, const VolumeRequest& request, Report& report);

}  // namespace courier
