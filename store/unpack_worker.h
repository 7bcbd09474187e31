// Unpack worker: the confined child's side of unpacking. The only place where libarchive is used.
#pragma once

#include "base/confinement.h"

namespace courier {

// Reads the archive that is its only further descriptor and writes ArchiveMessages. Names that the
// archive gives as Unicode (pax, UTF-8 in zip, 7z, Joliet) come composed: libarchive makes them NFC.
ConfinedWorker unpack_worker();

}  // namespace courier
