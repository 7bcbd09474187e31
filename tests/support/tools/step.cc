// step: runs a program and acts at its Nth change to the file system, so that tests can stop it at
// every step it takes without any hook in the program itself.
//
//   step count PROGRAM [ARGUMENT...]                 runs it and prints how many steps it took, on
//                                                    the last line of stderr: "steps: 123"
//   step kill N PROGRAM [ARGUMENT...]                kills it (SIGKILL) before step N: exit 137
//   step interrupt N PROGRAM [ARGUMENT...]           sends it SIGINT before step N and lets it go on
//   step full N FOLDER PROGRAM [ARGUMENT...]         from step N on, writes to files beneath FOLDER
//                                                    fail with ENOSPC
//   step refuse NAME PROGRAM [ARGUMENT...]           no file, folder or link can get a path that
//   ends
//                                                    with NAME (EINVAL), as on a disk that cannot
//                                                    hold the name
//   step spoil NAME PROGRAM [ARGUMENT...]            every read of a file whose path ends with NAME
//                                                    gives a wrong first byte
//   step pull N NAME PROGRAM [ARGUMENT...]           from the Nth on, every read of a file whose
//   path
//                                                    ends with NAME fails (EIO)
//   step at-read N NAME COMMAND PROGRAM [ARGUMENT...] before the Nth read of a file whose path ends
//                                                    with NAME, runs COMMAND (sh) and goes on
//
// A step is a system call that changes a file or makes it durable: write, pwrite, fsync, rename,
// link, unlink, mkdir, truncate, creating open. Writes to a terminal, a pipe or another non-file
// are none. With `full` only the writes, truncates and creations beneath FOLDER count.
#include <fcntl.h>
#include <limits.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace {

enum class Mode { count, kill, interrupt, full, refuse, spoil, pull, at_read };

std::string path_of_descriptor(pid_t pid, long descriptor) {
  char link[64];
  std::snprintf(link, sizeof link, "/proc/%d/fd/%ld", static_cast<int>(pid), descriptor);
  char target[PATH_MAX];
  const ssize_t size = readlink(link, target, sizeof target);
  return size <= 0 ? "" : std::string(target, static_cast<std::size_t>(size));
}

bool is_file(pid_t pid, long descriptor) {
  char link[64];
  std::snprintf(link, sizeof link, "/proc/%d/fd/%ld", static_cast<int>(pid), descriptor);
  struct stat status {};
  return stat(link, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

bool is_beneath(const std::string& path, const std::string& folder) {
  return path == folder || path.rfind(folder + "/", 0) == 0;
}

std::string read_string(pid_t pid, unsigned long address) {
  char text[PATH_MAX];
  iovec local{text, sizeof text};
  iovec remote{reinterpret_cast<void*>(address), sizeof text};
  const ssize_t size = process_vm_readv(pid, &local, 1, &remote, 1, 0);
  return size <= 0 ? "" : std::string(text, strnlen(text, static_cast<std::size_t>(size)));
}

// The path that a (descriptor, path) pair of arguments names.
std::string path_at(pid_t pid, long dir, unsigned long address) {
  const std::string path = read_string(pid, address);
  if (!path.empty() && path.front() == '/') return path;
  char link[64];
  std::string base;
  if (static_cast<int>(dir) == AT_FDCWD) {
    std::snprintf(link, sizeof link, "/proc/%d/cwd", static_cast<int>(pid));
    char target[PATH_MAX];
    const ssize_t size = readlink(link, target, sizeof target);
    base = size <= 0 ? "" : std::string(target, static_cast<std::size_t>(size));
  } else {
    base = path_of_descriptor(pid, dir);
  }
  return base + "/" + path;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// Whether this call would give something a path that ends with `name`.
bool names(pid_t pid, const user_regs_struct& regs, const std::string& name) {
  const auto path = [&](long dir, unsigned long address) { return path_at(pid, dir, address); };
  switch (regs.orig_rax) {
    case SYS_mkdirat:
      return ends_with(path(static_cast<long>(regs.rdi), regs.rsi), name);
    case SYS_symlinkat:
      return ends_with(path(static_cast<long>(regs.rsi), regs.rdx), name);
    case SYS_linkat:
    case SYS_renameat:
    case SYS_renameat2:
      return ends_with(path(static_cast<long>(regs.rdx), regs.r10), name);
    case SYS_openat:
      return (regs.rdx & O_CREAT) != 0 &&
             ends_with(path(static_cast<long>(regs.rdi), regs.rsi), name);
    case SYS_openat2: {
      unsigned long how_flags = 0;
      iovec local{&how_flags, sizeof how_flags};
      iovec remote{reinterpret_cast<void*>(regs.rdx), sizeof how_flags};
      if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != sizeof how_flags) return false;
      return (how_flags & O_CREAT) != 0 &&
             ends_with(path(static_cast<long>(regs.rdi), regs.rsi), name);
    }
    default:
      return false;
  }
}

// Whether this call reads from a file whose path ends with `name`.
bool reads(pid_t pid, const user_regs_struct& regs, const std::string& name) {
  if (regs.orig_rax != SYS_read && regs.orig_rax != SYS_pread64) return false;
  return ends_with(path_of_descriptor(pid, static_cast<long>(regs.rdi)), name);
}

void spoil(pid_t pid, unsigned long address) {
  char byte = 0;
  iovec local{&byte, 1};
  iovec remote{reinterpret_cast<void*>(address), 1};
  if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != 1) return;
  byte = static_cast<char>(byte ^ 1);
  process_vm_writev(pid, &local, 1, &remote, 1, 0);
}

// Whether this call, about to be made, is a step; with `full`, whether a full disk refuses it.
bool is_step(pid_t pid, const user_regs_struct& regs, Mode mode, const std::string& folder) {
  const auto first = static_cast<long>(regs.rdi);
  const bool full = mode == Mode::full;
  const auto writes_file = [&] {
    if (!is_file(pid, first)) return false;
    return !full || is_beneath(path_of_descriptor(pid, first), folder);
  };
  switch (regs.orig_rax) {
    case SYS_write:
    case SYS_pwrite64:
    case SYS_writev:
    case SYS_ftruncate:
    case SYS_fallocate:
      return writes_file();
    case SYS_fsync:
    case SYS_fdatasync:
    case SYS_syncfs:
    case SYS_rename:
    case SYS_renameat:
    case SYS_renameat2:
    case SYS_link:
    case SYS_linkat:
    case SYS_unlink:
    case SYS_unlinkat:
    case SYS_rmdir:
      return !full;
    case SYS_mkdir:
      return !full || is_beneath(path_at(pid, AT_FDCWD, regs.rdi), folder);
    case SYS_mkdirat:
      return !full || is_beneath(path_at(pid, first, regs.rsi), folder);
    case SYS_symlinkat:
      return !full || is_beneath(path_at(pid, static_cast<long>(regs.rsi), regs.rdx), folder);
    case SYS_openat:
      if ((regs.rdx & O_CREAT) == 0) return false;
      return !full || is_beneath(path_at(pid, first, regs.rsi), folder);
    case SYS_openat2: {
      unsigned long how_flags = 0;
      iovec local{&how_flags, sizeof how_flags};
      iovec remote{reinterpret_cast<void*>(regs.rdx), sizeof how_flags};
      if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != sizeof how_flags) return false;
      if ((how_flags & O_CREAT) == 0) return false;
      return !full || is_beneath(path_at(pid, first, regs.rsi), folder);
    }
    default:
      return false;
  }
}

[[noreturn]] void usage() {
  std::fputs(
      "usage: step count|kill N|interrupt N|full N FOLDER|refuse NAME|spoil NAME|pull N NAME|"
      "at-read N NAME COMMAND PROGRAM [ARGUMENT...]\n",
      stderr);
  std::exit(2);
}

[[noreturn]] void failed(const char* what) {
  std::perror(what);
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) usage();
  Mode mode = Mode::count;
  long at = 0;
  std::string folder, name, command;
  int program = 2;
  if (std::strcmp(argv[1], "kill") == 0) {
    mode = Mode::kill;
    at = std::atol(argv[2]);
    program = 3;
  } else if (std::strcmp(argv[1], "interrupt") == 0) {
    mode = Mode::interrupt;
    at = std::atol(argv[2]);
    program = 3;
  } else if (std::strcmp(argv[1], "full") == 0) {
    if (argc < 5) usage();
    mode = Mode::full;
    at = std::atol(argv[2]);
    char resolved[PATH_MAX];
    if (realpath(argv[3], resolved) == nullptr) failed(argv[3]);
    folder = resolved;
    program = 4;
  } else if (std::strcmp(argv[1], "refuse") == 0 || std::strcmp(argv[1], "spoil") == 0) {
    mode = argv[1][0] == 'r' ? Mode::refuse : Mode::spoil;
    name = argv[2];
    program = 3;
  } else if (std::strcmp(argv[1], "pull") == 0) {
    if (argc < 5) usage();
    mode = Mode::pull;
    at = std::atol(argv[2]);
    name = argv[3];
    program = 4;
  } else if (std::strcmp(argv[1], "at-read") == 0) {
    if (argc < 6) usage();
    mode = Mode::at_read;
    at = std::atol(argv[2]);
    name = argv[3];
    command = argv[4];
    program = 5;
  } else if (std::strcmp(argv[1], "count") != 0) {
    usage();
  }
  if (program >= argc) usage();

  const pid_t child = fork();
  if (child < 0) failed("fork");
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    raise(SIGSTOP);
    execvp(argv[program], argv + program);
    failed(argv[program]);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) failed("waitpid");
  const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                       PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SETOPTIONS, child, nullptr, options) != 0) failed("ptrace");
  ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);

  struct Thread {
    bool inside = false;  // between the stops before and after a call
    long refused = 0;     // the call is made to fail with this error
    bool spoilt = false;  // what it reads is made wrong
  };
  std::map<pid_t, Thread> threads;
  long steps = 0;
  int result = 0;
  for (;;) {
    const pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0) break;
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      threads.erase(pid);
      if (pid == child) {
        result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      }
      continue;
    }
    int signal = 0;
    if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
      Thread& thread = threads[pid];
      thread.inside = !thread.inside;
      user_regs_struct regs{};
      ptrace(PTRACE_GETREGS, pid, nullptr, &regs);
      if (thread.inside) {
        const bool counts = mode == Mode::count || mode == Mode::kill || mode == Mode::interrupt ||
                            mode == Mode::full;
        if (counts && is_step(pid, regs, mode, folder)) {
          ++steps;
          if (mode == Mode::kill && steps == at) {
            kill(child, SIGKILL);
            continue;
          }
          if (mode == Mode::interrupt && steps == at) kill(child, SIGINT);
          if (mode == Mode::full && steps >= at) {
            thread.refused = ENOSPC;
          }
        }
        if (mode == Mode::refuse && names(pid, regs, name)) thread.refused = EINVAL;
        if (mode == Mode::pull && reads(pid, regs, name) && ++steps >= at) thread.refused = EIO;
        if (mode == Mode::spoil) thread.spoilt = reads(pid, regs, name);
        if (mode == Mode::at_read && reads(pid, regs, name) && ++steps == at) {
          if (std::system(command.c_str()) != 0) failed(command.c_str());
        }
        if (thread.refused != 0) {
          regs.orig_rax = static_cast<unsigned long long>(-1);  // no call is made
          ptrace(PTRACE_SETREGS, pid, nullptr, &regs);
        }
      } else if (thread.refused != 0) {
        regs.rax = static_cast<unsigned long long>(-thread.refused);
        ptrace(PTRACE_SETREGS, pid, nullptr, &regs);
        thread.refused = 0;
      } else if (thread.spoilt) {
        thread.spoilt = false;
        if (static_cast<long>(regs.rax) > 0) spoil(pid, regs.rsi);
      }
    } else if (WSTOPSIG(status) != SIGSTOP && WSTOPSIG(status) != SIGTRAP) {
      signal = WSTOPSIG(status);
    }
    ptrace(PTRACE_SYSCALL, pid, nullptr, signal);
  }
  if (mode == Mode::count) std::fprintf(stderr, "steps: %ld\n", steps);
  return result;
}
