// courier: one program, one home per site. See product.md's command line in docs and `--help`.
#include <clocale>
#include <csignal>

#include "base/confinement.h"
#include "courier/commands.h"

int main(int argc, char** argv) {
  courier::run_confined_worker_if_asked(argc, argv, {});
  // Only for the width of characters; numbers and ids never depend on the locale.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  // A reader of stdout that goes away must not stop work on a store or a share half way.
  std::signal(SIGPIPE, SIG_IGN);
  courier::PosixFileSystem fs;
  courier::SystemClock clock;
  courier::SystemEntropy entropy;
  return courier::run_command_line(argc, argv, {fs, clock, entropy});
}
