// Quarantine: parcels whose signer is not known here, kept whole and not opened in
// HOME/quarantine/<label digest>.pcl, and a volume of several beside it, until the key is here
// (behaviours.md R5 to R7, B37).
#pragma once

#include <string>
#include <vector>

#include "importer/offers.h"
#include "importer/parts.h"

namespace courier {

// Keeps the parcel: the file is durable before its row. The bytes come from the stream that was
// judged, never from the path. Errors: no_space, in numbers, before anything is written; device.
void keep_in_quarantine(const ImporterParts& parts, OpenOffer& open);

// The kept files of it as a medium offers them: one, or its volumes.
std::vector<OfferedVolume> open_quarantined(const ImporterParts& parts, const Digest& label);

// Its row says what became of it: the files go.
void drop_quarantined(const ImporterParts& parts, const Digest& label);

// Parcels of the quarantine folder, by label digest. Sweeps what a killed receive left there.
// Precondition: the home's lock is held: another receive may be writing its own.
std::vector<Digest> list_quarantined(const ImporterParts& parts);

}  // namespace courier
