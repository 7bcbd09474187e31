// Drive watch: what `receive --watch` does: looks at every drive that is plugged in, or comes, and
// takes in what is on it, until it is told to stop.
//
//   comes -> gate -> (mounted by Courier) -> identified or received -> unmounted -> said
//     |        |-> refused: said, its content is not looked at
//     |-> another courier at work on the home: again in a while
//     |-> not to be mounted here: said; looked at as soon as somebody mounts it
//
// A drive is looked at once, until it is taken out, by a process of its own, in whose namespace
// alone it is mounted. So nothing that a drive does ends the watch, what one took is given back,
// and no mount outlives its process. The home is opened and locked for each drive alone: other
// couriers work on it meanwhile, and what they change counts.
#pragma once

#include <string>

#include "courier/commands.h"

namespace courier {

struct WatchOptions {
  bool takes_in = false;  // by itself, whatever kiosk.auto-receive says
  std::string return_to;  // empty: as kiosk.return-to says
};

// Returns when SIGINT or SIGTERM comes, after the drive that is under way. Each drive is shown on
// its own. Errors: device, when udev does not tell of drives.
Report watch_drives(Context& context, const WatchOptions& options);

}  // namespace courier
