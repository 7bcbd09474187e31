// Console: the local web page: it answers requests, shows drives as they come and go, and starts
// the work that is asked for. It holds no key and no lock and parses nothing that comes from a
// medium: all of that do its children (docs/decisions/console.md).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "console/http_server.h"
#include "console/json.h"

namespace courier {

struct ConsoleOptions {
  ListenAddress listen;
  std::vector<std::string> folders;  // shown as drives
  std::string home, version;
  std::string passphrase_file;  // for the children; empty: none
};

// Serves until `stop` can be read; then it ends its children, and returns when they have ended.
// said: told the address once it listens. Errors: what `site show` of the home has; usage; device.
void run_console(FileSystem& fs, const Clock& clock, const ConsoleOptions& options, int stop,
                 const std::function<void(const std::string& url)>& said);

}  // namespace courier
