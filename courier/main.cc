// courier: one program, one home per site. README.md and `--help` have its command line.
#include <malloc.h>

#include <clocale>
#include <csignal>

#include "base/confinement.h"
#include "courier/commands.h"
#include "courier/picture_worker.h"
#include "importer/block_check.h"
#include "parcel/confined_frames.h"
#include "store/unpack_worker.h"

int main(int argc, char** argv) {
  using namespace courier;
  // Blocks of some MiB come and go by the thousand: kept by the process, they are not mapped,
  // cleared and unmapped by the kernel each time (half of its time in a run over 500 MB).
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
  // But not once for each of a dozen threads: with glibc's eight arenas a core, receiving 690 MB of
  // an increment kept 330 MiB, with two it keeps 220.
  ::mallopt(M_ARENA_MAX, 2);
  const ConfinedWorker workers[] = {frame_worker(), block_worker(), unpack_worker(),
                                    picture_worker()};
  run_confined_worker_if_asked(argc, argv, workers);
  // Only for the width of characters; numbers and ids never depend on the locale.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  // A reader of stdout that goes away must not stop work on a store or a share half way.
  std::signal(SIGPIPE, SIG_IGN);
  PosixFileSystem fs;
  SystemClock clock;
  SystemEntropy entropy;
  return run_command_line(argc, argv, {fs, clock, entropy});
}
