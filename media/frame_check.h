// Frame check: looks at the checksum of every frame of a volume while it is copied, so that what
// went bad where it is kept is named there and then, and not written and verified as it is.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/byte_source.h"
#include "base/error.h"
#include "media/volume_bytes.h"

namespace courier {

// The same bytes. Of what is read in order, from the first byte, each frame is checked when its
// last byte was read. subject: names where the bytes come from. Besides what volume.read_at throws,
// read_at throws damaged, naming the record and its byte in the volume.
VolumeBytes with_checked_frames(VolumeBytes volume, std::string subject);

// The same stream. What is wrong with the first of its frames that is not whole, up to the volume's
// end, goes to `damage`: nothing is thrown for it.
ByteSource with_noted_damage(ByteSource source, std::string subject,
                             std::shared_ptr<std::optional<Error>> damage);

}  // namespace courier
