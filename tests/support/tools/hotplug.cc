// hotplug: runs a program that sees USB devices come and go. To be run by umockdev-wrapper.
//
//   hotplug PROGRAM [ARGUMENT...]
//
// Each line of its standard input is an order, carried out at once:
//   add FILE       plugs in the devices that the file describes, in umockdev's form
//   again FOLDER   takes out the device of this folder in /sys, "/devices/pci0000:00/...", and puts
//                  it in again
//   stop SIGNAL    sends the program a signal, by its number
// It ends as the program ends; when the input ends the program is killed.
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <umockdev.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

void carry_out(UMockdevTestbed* bed, const std::string& order, pid_t program) {
  const std::size_t blank = order.find(' ');
  const std::string what = order.substr(0, blank), on = order.substr(blank + 1);
  if (what == "add") {
    GError* fault = nullptr;
    if (umockdev_testbed_add_from_file(bed, on.c_str(), &fault) == 0) {
      std::fprintf(stderr, "hotplug: %s\n", fault == nullptr ? "?" : fault->message);
    }
  } else if (what == "again") {
    const std::string path = "/sys" + on;
    umockdev_testbed_uevent(bed, path.c_str(), "remove");
    umockdev_testbed_uevent(bed, path.c_str(), "add");
  } else if (what == "stop") {
    kill(program, std::atoi(on.c_str()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  UMockdevTestbed* bed = umockdev_testbed_new();
  const pid_t program = fork();
  if (program == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(STDIN_FILENO);
    execv(argv[1], argv + 1);
    _exit(127);
  }
  const int ended = static_cast<int>(syscall(SYS_pidfd_open, program, 0));
  std::string read_so_far;
  for (;;) {
    pollfd on[2] = {{STDIN_FILENO, POLLIN, 0}, {ended, POLLIN, 0}};
    if (poll(on, 2, -1) < 0) continue;
    if (on[1].revents != 0) break;
    char block[4096];
    const ssize_t size = read(STDIN_FILENO, block, sizeof block);
    if (size <= 0) {
      kill(program, SIGKILL);
      break;
    }
    read_so_far.append(block, static_cast<std::size_t>(size));
    for (std::size_t end; (end = read_so_far.find('\n')) != std::string::npos;) {
      carry_out(bed, read_so_far.substr(0, end), program);
      read_so_far.erase(0, end + 1);
    }
  }
  int status = 0;
  waitpid(program, &status, 0);
  // The devices go; what the library holds besides is its own affair.
  g_object_unref(bed);
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
