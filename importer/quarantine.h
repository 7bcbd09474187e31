// Quarantine: parcels whose signer is not known here, kept whole and not opened in
// HOME/quarantine/<label digest>.pcl until the key is here (behaviours.md R5 to R7, B37).
#pragma once

#include <optional>
#include <string>

#include "importer/offers.h"
#include "importer/parts.h"

namespace courier {

// Keeps the parcel: the file is durable before its row. The bytes come from the stream that was
// judged, never from the path. Errors: no_space, in numbers, before anything is written; device.
void keep_in_quarantine(const ImporterParts& parts, OpenOffer& open);

// The kept file as a medium offers it; none when it is not there.
std::optional<OfferedVolume> open_quarantined(const ImporterParts& parts, const Digest& label);

// Its row says what became of it: the file goes.
void drop_quarantined(const ImporterParts& parts, const Digest& label);

// Parcels of the quarantine folder, by label digest. Sweeps what a killed receive left there.
// Precondition: the home's lock is held: another receive may be writing its own.
std::vector<Digest> list_quarantined(const ImporterParts& parts);

}  // namespace courier
