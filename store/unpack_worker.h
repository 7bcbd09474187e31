// Unpack worker: the confined child's side of unpacking. The only place where libarchive is used.
#pragma once

#include "base/confinement.h"

namespace courier {

// Reads the archive that is its only further descriptor and writes ArchiveMessages.
ConfinedWorker unpack_worker();

}  // namespace courier
