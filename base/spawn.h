// Spawn: another program is started with the descriptors, the environment and the signals that it
// is given, and nothing else of this process.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace courier {

struct SpawnRequest {
  std::string program;                   // a path, or a name that is searched in PATH
  std::vector<std::string> arguments;    // the first is what it is called
  std::vector<std::string> environment;  // all of it, "NAME=value"
  std::vector<int> descriptors;          // of this process; they are 0, 1, 2 ... there
};

// No signal is blocked or ignored in the child because it is so here, and what a terminal sends on
// Ctrl-C comes to this process alone, which ends its children. At most 64 descriptors.
// Returns 0 and sets pid, or the fault as errno has it; then pid is -1 and nothing was started.
int spawn(const SpawnRequest& request, pid_t& pid);

}  // namespace courier
