// Proved file: a file that gets its name in a folder only when it is durable and was read back from
// the medium. What a copy that was killed left behind is removed by the next one; a copy holds a
// lock on its temporary file meanwhile, so that of two couriers at one drive none sweeps the
// other's.
#pragma once

#include <string>

#include "base/progress.h"
#include "media/proved_write.h"
#include "media/quirks.h"

namespace courier {

struct ProvedFile {
  std::uint64_t size = 0;
  Digest digest;           // of what came back
  bool was_there = false;  // an identical file lay there already, and was proved again
  bool direct = false;     // read back with O_DIRECT
};

// Writes `name` beneath dir, or proves the identical file that is there. quirks: of the drive;
// wait: for one whose flush is not believed. Progress: phases "writing", "flushing" and
// "verifying", about `name`. Errors: not_allowed, when it is there with other content; no_space;
// device, also when it reads back differently; as from.read_at. Ensures: after a failure `name` is
// as before (or, when only the last sync failed, whole).
ProvedFile write_proved_file(FileSystem& fs, const Fd& dir, const VolumeBytes& from,
                             const std::string& name, const ProgressSink& progress,
                             const Quirks& quirks = {}, DigestedPart digested = {},
                             const Wait& wait = wait_seconds);

}  // namespace courier
