// Joined parcel: the file of a whole parcel, composed of volumes of it while it is read: of any
// cuts, in any order, with copies among them. No key is needed and nothing is staged.
#pragma once

#include <string>
#include <vector>

#include "media/volume_cut.h"

namespace courier {

struct NamedVolume {
  std::string subject;  // "file DIR/PUN-PSE-000001.v2.pcl", for messages
  VolumeBytes bytes;
};

// Errors: usage, when they are not all of one parcel; incomplete, naming the records and, where the
// volumes tell, the volumes that are not among them, and which of these are damaged.
// Precondition: not empty.
VolumeBytes joined_parcel(const std::vector<NamedVolume>& volumes);

}  // namespace courier
