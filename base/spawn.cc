#include "base/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

#include <cerrno>

#include "base/error.h"
#include "base/file_system.h"

namespace courier {
namespace {

constexpr int kFreeDescriptor = 64;  // above all that a child is given

// posix_spawn's lists, freed.
struct Actions {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  Actions() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  ~Actions() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  Actions(const Actions&) = delete;
};

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

int spawn(const SpawnRequest& request, pid_t& pid) {
  pid = -1;
  if (request.descriptors.size() > kFreeDescriptor) bug("more descriptors than a child can have");
  Actions actions;
  // Each is first put where no number of the child's can be, then onto its number.
  std::vector<Fd> high;
  for (const int fd : request.descriptors) {
    const int number = static_cast<int>(high.size());
    high.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, kFreeDescriptor));
    if (!high.back()) return errno;
    if (const int fault =
            ::posix_spawn_file_actions_adddup2(&actions.files, high.back().get(), number)) {
      return fault;
    }
  }
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  for (const int fault :
       {::posix_spawn_file_actions_addclosefrom_np(&actions.files, static_cast<int>(high.size())),
        ::posix_spawnattr_setsigmask(&actions.attributes, &none),
        ::posix_spawnattr_setsigdefault(&actions.attributes, &all),
        ::posix_spawnattr_setpgroup(&actions.attributes, 0),
        ::posix_spawnattr_setflags(&actions.attributes, POSIX_SPAWN_SETSIGMASK |
                                                            POSIX_SPAWN_SETSIGDEF |
                                                            POSIX_SPAWN_SETPGROUP)}) {
    if (fault != 0) return fault;
  }
  std::vector<std::string> arguments = request.arguments, environment = request.environment;
  const int fault =
      ::posix_spawnp(&pid, request.program.c_str(), &actions.files, &actions.attributes,
                     pointers_to(arguments).data(), pointers_to(environment).data());
  if (fault != 0) pid = -1;
  return fault;
}

}  // namespace courier
