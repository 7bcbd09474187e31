// Confined frames: the framing of a parcel, and the search behind damage, done in a confined child.
//
//   medium --> FrameWindow (parent) --want/bytes--> FrameStream (child) --places--> Frame (parent)
//
// The child asks for bytes when it needs them, so a parcel is read from its medium exactly as far
// as its frames are asked for. It gets no key: what it sees is what anybody sees who finds the
// medium. It also takes the head's parts apart once, for nothing but to be the first to do so: what
// a parser cannot bear ends the child and not the command.
#pragma once

#include "base/confinement.h"
#include "parcel/frame_source.h"

namespace courier {

// The child's side; main() has it in its list.
ConfinedWorker frame_worker();

}  // namespace courier
