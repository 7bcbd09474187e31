// Kept heads: of each parcel that came in part the head, in HOME/incoming/<label digest>.head, so
// that a volume that comes another day and whose own head is damaged can still be read.
#pragma once

#include <optional>

#include "importer/parts.h"
#include "media/medium.h"
#include "parcel/parcel_reader.h"

namespace courier {

// Durable when it returns; nothing to do when it is kept already. Errors: no_space, device.
void keep_head(const ImporterParts& parts, const VerifiedHead& head);

// The kept head as a volume without records; none when there is none.
std::optional<OfferedVolume> open_kept_head(const ImporterParts& parts, const Digest& label);

void drop_head(const ImporterParts& parts, const Digest& label);

}  // namespace courier
