#include "base/confined_process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <initializer_list>
#include <string>

namespace courier {
namespace {

// Of the address space, beyond the memory limit: the program, its libraries, guard pages, and what
// the C library reserves. Bounds what the memory limit does not count (pages never written).
constexpr std::uint64_t kMoreAddresses = 1ull << 30;

Error cannot(int errno_value, const std::string& what) {
  return system_error(errno_value, "confined child", "cannot " + what);
}

// Whether a call that asks for a layer says that this kernel has none; an outer filter that knows
// no such call refuses it with EPERM, before there is any input.
bool says_none(int errno_value) {
  return errno_value == ENOSYS || errno_value == EOPNOTSUPP || errno_value == EINVAL ||
         errno_value == EPERM;
}

void set_limit(int resource, rlim_t soft, rlim_t hard, const char* name) {
  rlimit now{};
  if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &now) == 0) {
    // An administrator's stricter limit stays.
    if (now.rlim_max < hard) hard = now.rlim_max;
    if (hard < soft) soft = hard;
  }
  const rlimit limit{soft, hard};
  if (::setrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) {
    throw cannot(errno, std::string("limit its ") + name);
  }
}

// The kernel's struct landlock_ruleset_attr, whole: the distribution's header ends with ABI 2.
struct RulesetAttr {
  std::uint64_t handled_access_fs, handled_access_net, scoped;
};

// Every right that this ABI knows, to be granted nowhere. Source: the kernel's
// Documentation/userspace-api/landlock.rst.
RulesetAttr every_right(long abi) {
  unsigned fs_rights = 13;       // ABI 1
  if (abi >= 2) fs_rights = 14;  // refer
  if (abi >= 3) fs_rights = 15;  // truncate
  if (abi >= 5) fs_rights = 16;  // ioctl on devices
  RulesetAttr attr{(1ull << fs_rights) - 1, 0, 0};
  if (abi >= 4) attr.handled_access_net = 0x3;  // TCP bind and connect
  if (abi >= 6) attr.scoped = 0x3;              // abstract Unix sockets, signals
  return attr;
}

// Returns the ABI in force; 0: the kernel has none.
std::uint32_t enter_landlock() {
  const long abi =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1 && says_none(errno)) return 0;
  if (abi < 1) throw cannot(errno, "ask for Landlock");
  const RulesetAttr attr = every_right(abi);
  const std::size_t size = abi >= 6 ? sizeof attr : abi >= 4 ? 16 : 8;
  const Fd ruleset{static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attr, size, 0))};
  if (!ruleset || ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    throw cannot(errno, "enter Landlock");
  }
  return static_cast<std::uint32_t>(abi);
}

// Of root's, too: what an administrator may do is in capabilities. The bounding set can be emptied
// by root alone, and others need not: with no new privileges it gives nothing.
void drop_capabilities() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EPERM) {
      throw cannot(errno, "give up its capabilities");
    }
  }
  // A kernel without ambient capabilities has none to clear.
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) {
    throw cannot(errno, "give up its capabilities");
  }
}

// A call's argument, as the filter sees it.
scmp_arg_cmp equals(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp has(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

bool add_rule(scmp_filter_ctx filter, std::uint32_t action, int call,
              std::initializer_list<scmp_arg_cmp> arguments = {}) {
  return seccomp_rule_add_array(filter, action, call, static_cast<unsigned>(arguments.size()),
                                arguments.begin()) == 0;
}

bool add_rules(scmp_filter_ctx filter, std::uint32_t action, std::initializer_list<int> calls) {
  for (int call : calls) {
    if (!add_rule(filter, action, call)) return false;
  }
  return true;
}

// A build with a sanitizer refuses what would be an escape, and allows the rest. It is for tests.
bool add_sanitized_rules(scmp_filter_ctx filter) {
  return add_rules(filter, SCMP_ACT_KILL_PROCESS,
                   {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork),
                    SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(ptrace),
                    SCMP_SYS(mount), SCMP_SYS(rmdir), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
                    SCMP_SYS(kill)}) &&
         add_rule(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), {has(0, CLONE_THREAD, 0)}) &&
         add_rule(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
}
// What computing, threads and the given descriptors need. No call here opens, creates, names or
// signals anything outside the process.
bool add_worker_rules(scmp_filter_ctx filter) {
  // Flags are named, all others refused: memory that grows by itself (MAP_GROWSDOWN) or is huge
  // pages is not counted by the limit. Protection likewise: never code.
  constexpr std::uint64_t kMapFlags = ~std::uint64_t{MAP_NORESERVE | MAP_STACK};
  constexpr std::uint64_t kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;
  constexpr std::uint64_t kNoData = ~std::uint64_t{PROT_READ | PROT_WRITE};
  // Exactly those of the C library's threads.
  constexpr std::uint64_t kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM |
                                    CLONE_SIGHAND | CLONE_THREAD | CLONE_SETTLS |
                                    CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  const auto self = static_cast<std::uint64_t>(::getpid());
  return add_rules(
             filter, SCMP_ACT_ALLOW,
             {// the given descriptors
              SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
              SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(ppoll),
              // memory
              SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap),
              // threads
              SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(gettid),
              SCMP_SYS(getpid), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
              SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
              // time and chance
              SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom),
              // the end
              SCMP_SYS(exit), SCMP_SYS(exit_group)}) &&
         // Memory that is private and never code.
         add_rule(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap),
                  {has(2, kNoData, 0), has(3, kMapFlags, kAnonymous)}) &&
         add_rule(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), {has(2, kNoData, 0)}) &&
         add_rule(filter, SCMP_ACT_ALLOW, SCMP_SYS(madvise), {equals(2, MADV_DONTNEED)}) &&
         add_rule(filter, SCMP_ACT_ALLOW, SCMP_SYS(madvise), {equals(2, MADV_FREE)}) &&
         // Threads, never processes. clone3 hides its flags from a filter; without it the C library
         // uses clone.
         add_rule(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), {equals(0, kThread)}) &&
         add_rule(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3)) &&
         // The C library's own signals, whose handlers come with the first thread.
         add_rule(filter, SCMP_ACT_ALLOW, SCMP_SYS(rt_sigaction), {equals(0, 32)}) &&
         add_rule(filter, SCMP_ACT_ALLOW, SCMP_SYS(rt_sigaction), {equals(0, 33)}) &&
         // abort()
         add_rule(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), {equals(0, self)});
}

// False: the kernel has none.
bool enter_seccomp() {
  const std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0) {
    if (says_none(errno)) return false;
    throw cannot(errno, "ask for seccomp");
  }
  const scmp_filter_ctx filter =
      seccomp_init(kIsSanitized ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS);
  if (filter == nullptr) throw cannot(ENOMEM, "make its filter");
  bool has_rules = false;
  if (kIsSanitized) {
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);  // its runtime may have a thread
    has_rules = add_sanitized_rules(filter);
  } else {
    has_rules = add_worker_rules(filter);
  }
  const int fault = has_rules ? seccomp_load(filter) : -EINVAL;
  seccomp_release(filter);
  if (fault != 0) throw cannot(-fault, "enter seccomp");
  return true;
}

// Private writable memory is what is limited: the address space says less, for the C library
// reserves much of it for each thread and never touches it. Stacks count, and are made small.
void limit_memory(std::uint64_t bytes) {
  constexpr std::size_t kThreadStackSize = 1u << 20;
  set_limit(RLIMIT_DATA, bytes, bytes, "memory");
  set_limit(RLIMIT_AS, bytes + kMoreAddresses, bytes + kMoreAddresses, "address space");
  // One heap: shrinking a thread's own, the C library would look up a setting of the kernel's in
  // a file, and be killed for it.
  ::mallopt(M_ARENA_MAX, 1);
  pthread_attr_t threads;
  if (::pthread_attr_init(&threads) != 0) return;
  if (::pthread_attr_setstacksize(&threads, kThreadStackSize) == 0) {
    ::pthread_setattr_default_np(&threads);
  }
  ::pthread_attr_destroy(&threads);
}

}  // namespace

Confinement confine_this_process(const ConfinedLimits& limits, unsigned open_files) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    throw cannot(errno, "give up its privileges");
  }
  Confinement confinement;
  confinement.limits = limits;
  drop_capabilities();
  confinement.landlock_abi = enter_landlock();
  set_limit(RLIMIT_CORE, 0, 0, "core dumps");
  // The parent raises the soft limit as its input goes on; the child itself cannot.
  // The parent's watch (ConfinedChild::receive) is what ends a child that blocks its soft limit's
  // signal; the hard one is behind it, for good.
  set_limit(RLIMIT_CPU, limits.cpu_seconds, kMostSeconds, "processor time");
  set_limit(RLIMIT_FSIZE, 0, 0, "files");
  if (!kIsSanitized) {
    set_limit(RLIMIT_NOFILE, open_files, open_files, "open files");
    limit_memory(limits.memory_bytes);
  }
  confinement.seccomp = enter_seccomp();
  return confinement;
}

}  // namespace courier
