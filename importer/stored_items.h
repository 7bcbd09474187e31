// Stored items: what came in and is not yet on every distribution point it was to go to.
#pragma once

#include "importer/parts.h"

namespace courier {

// Makes "installed" of every item with the verdict "stored" whose distribution points, those its
// own job was to fill, all serve its version by now, whichever job brought it there; the verdict is
// told in the next return. An item of a version that was replaced before it got there stays
// "stored".
void restate_stored_items(const ImporterParts& parts);

}  // namespace courier
