// What bounds a confined child when a layer is weak: memory and time that are not counted where one
// expects it, capabilities, and systems that lack a call. Some of the workers are those of
// confinement_test.cc.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <fstream>
#include <thread>

#include "base/confined_input.h"
#include "base/confined_process.h"
#include "base/confinement.h"
#include "tests/support/error_of.h"
#include "tests/support/test_workers.h"

namespace courier {
namespace {

using test::error_of;
using test::TestWorker;

constexpr int kCould = 42;

using Others = std::vector<Fd>;

// The address space of a stack that grows by itself is not counted as memory.
const TestWorker kMapsStack{{"maps-stack", nullptr, [](const Fd&, Others) {
                               void* at =
                                   ::mmap(nullptr, 1u << 20, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);
                               return at != MAP_FAILED ? kCould : 1;
                             }}};
// Pages that are only read are not counted either, but their tables are memory.
const TestWorker kReserves{{"reserves", nullptr, [](const Fd&, Others) {
                              void* at = ::mmap(nullptr, 64ull << 30, PROT_READ,
                                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                              return at != MAP_FAILED ? kCould : 1;
                            }}};
const TestWorker kAdvises{{"advises", nullptr, [](const Fd&, Others) {
                             return ::madvise(nullptr, 0, MADV_HUGEPAGE) == 0 ? kCould : 1;
                           }}};
// A thread with a flag that no thread of the C library has; the kernel itself refuses this one.
const TestWorker kClones{{"clones", nullptr, [](const Fd&, Others) {
                            ::syscall(SYS_clone,
                                      CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWUSER,
                                      nullptr, nullptr, nullptr, nullptr);
                            return errno == EINVAL ? kCould : 1;
                          }}};
// Computes for ever with the signal of its limit blocked, and answers a little before each silence
// would be too long.
const TestWorker kTrickles{{"trickles", nullptr, [](const Fd& channel, Others) -> int {
                              sigset_t all;
                              ::sigfillset(&all);
                              ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
                              for (;;) {
                                timespec begin{}, now{};
                                ::clock_gettime(CLOCK_MONOTONIC, &begin);
                                do {
                                  ::clock_gettime(CLOCK_MONOTONIC, &now);
                                } while ((now.tv_sec - begin.tv_sec) * 1'000'000'000 + now.tv_nsec -
                                             begin.tv_nsec <
                                         300'000'000);
                                if (::write(channel.get(), "x", 1) != 1) return 1;
                              }
                            }}};
const TestWorker kThreadFails{{"thread-fails", nullptr, [](const Fd& channel, Others) -> int {
                                 std::thread([] {
                                   try {
                                     throw std::bad_alloc();
                                   } catch (...) {
                                     end_worker();
                                   }
                                 }).detach();
                                 char byte = 0;
                                 return ::read(channel.get(), &byte, 1) == 0 ? 0 : 2;
                               }}};

std::string end_of(const std::string& worker) {
  return ConfinedChild::start(worker, {}).how_it_ended();
}

constexpr const char* kStopped = "was stopped: it asked the system for what a reader never needs";

// From now on this system call is not there, as on an old kernel or in some containers.
void take_away(unsigned call) {
  std::array<sock_filter, 4> rules{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{rules.size(), rules.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) ::_exit(1);
}

TEST(ConfinedLimits, HasNoMemoryThatIsNotCountedAndNoThreadOfAnotherKind) {
  if (kIsSanitized) GTEST_SKIP() << "a sanitizer's runtime needs all of it";
  EXPECT_EQ(end_of("maps-stack"), kStopped);
  EXPECT_EQ(end_of("reserves"), "failed (status 1)");
  EXPECT_EQ(end_of("advises"), kStopped);
  EXPECT_EQ(end_of("clones"), kStopped);
}

TEST(ConfinedLimits, HasNoCapabilityEvenOfRoot) {
  ConfinedChild child = ConfinedChild::start("waits", {});
  std::ifstream status("/proc/" + std::to_string(child.pid()) + "/status");
  std::size_t sets = 0;
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("Cap")) continue;
    // Others than root cannot empty the bounding set; with no new privileges it gives nothing.
    if (line.starts_with("CapBnd") && ::geteuid() != 0) continue;
    ++sets;
    EXPECT_EQ(line.substr(line.find('\t') + 1), "0000000000000000") << line;
  }
  EXPECT_GE(sets, 4u);
}

TEST(ConfinedLimits, LeavesNoCoreDumpAndNoTimeWithoutAnEnd) {
  ConfinedChild child = ConfinedChild::start("waits", {});
  rlimit core{1, 1}, cpu{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(child.pid(), RLIMIT_CORE, nullptr, &core), 0);
  EXPECT_EQ(core.rlim_max, 0u);
  ASSERT_EQ(::prlimit(child.pid(), RLIMIT_CPU, nullptr, &cpu), 0);
  EXPECT_EQ(cpu.rlim_cur, 60u);
  EXPECT_NE(cpu.rlim_max, RLIM_INFINITY);
  // Not dumpable: what looks into it belongs to nobody but the kernel's root.
  struct stat memory {};
  ASSERT_EQ(::stat(("/proc/" + std::to_string(child.pid()) + "/mem").c_str(), &memory), 0);
  EXPECT_EQ(memory.st_uid, 0u);
}

TEST(ConfinedLimits, IsStoppedWhenItAnswersLittleForEver) {
  ConfinedChild child = ConfinedChild::start("trickles", {512u << 20, 1, 1});
  child.grant_cpu(0, 1);  // waiting alone
  Bytes answer(1);
  int answers = 0;
  while (answers < 100 && child.receive(answer)) ++answers;
  EXPECT_LT(answers, 100);
  child.kill();
  EXPECT_EQ(child.how_it_ended(),
            "was stopped: it kept its reader waiting for more than 3 seconds");
}

TEST(ConfinedLimits, CountsNoTimeInWhichItsReaderWasStopped) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::pipe(pair.data()), 0);
  const pid_t reader = ::fork();
  if (reader == 0) {
    ::alarm(60);  // a hang is a death
    ConfinedChild child = ConfinedChild::start("waits", {512u << 20, 1, 1});
    Bytes answer(1);
    if (!child.receive(answer) || ::write(pair[1], "x", 1) != 1) ::_exit(2);
    if (child.receive(answer)) ::_exit(3);
    ::_exit(child.how_it_ended() == "was stopped: it gave no answer for 1 seconds" ? 0 : 4);
  }
  char byte = 0;
  ASSERT_EQ(::read(pair[0], &byte, 1), 1);
  int status = -1;
  ::kill(reader, SIGSTOP);
  ASSERT_EQ(::waitpid(reader, &status, WUNTRACED), reader);
  ::poll(nullptr, 0, 2'200);  // longer than all that it may be kept waiting
  ::kill(reader, SIGCONT);
  ASSERT_EQ(::waitpid(reader, &status, 0), reader);
  EXPECT_EQ(status, 0);
  for (const int fd : pair) ::close(fd);
}

TEST(ConfinedLimits, IsStoppedByItsLimitWhateverSignalsItsParentIgnores) {
  ::signal(SIGXCPU, SIG_IGN);
  ConfinedChild child = ConfinedChild::start("loops", {512u << 20, 1, 20});
  ::signal(SIGXCPU, SIG_DFL);
  Bytes answer(1);
  EXPECT_FALSE(child.receive(answer));
  EXPECT_EQ(child.how_it_ended(), "was stopped: it computed for more than 1 seconds");
}

TEST(ConfinedLimits, EndsAsItsThreadFailedAndNotWhenItIsMissed) {
  EXPECT_EQ(end_of("thread-fails"), "was stopped: it needed more than 512 MiB of memory");
}

TEST(ConfinedLimits, ThatCannotBeWatchedIsEndedAndAnError) {
  const pid_t user = ::fork();
  if (user == 0) {
    ::alarm(60);  // a hang is a death
    probe_confinement();
    take_away(SYS_pidfd_open);
    const Error error = error_of([] { ConfinedChild::start("waits", {}); });
    ::_exit(error.code() == ErrorCode::device ? 0 : 2);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(user, &status, 0), user);
  EXPECT_EQ(status, 0);
}

TEST(ConfinedLimits, ThatReportsLessThanTheFirstOneIsNotUsed) {
  const pid_t user = ::fork();
  if (user == 0) {
    if (!probe_confinement().seccomp) ::_exit(0);
    take_away(SYS_seccomp);
    const Error error = error_of([] { ConfinedChild::start("waits", {}); });
    const bool is_named =
        std::string(error.what()).find("is less confined (no seccomp, ") != std::string::npos;
    ::_exit(error.code() == ErrorCode::internal && is_named ? 0 : 2);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(user, &status, 0), user);
  EXPECT_EQ(status, 0);
}

TEST(ConfinedLimits, ReachesNoFileWhereOnlyLandlockHolds) {
  if (probe_confinement().landlock_abi == 0) GTEST_SKIP() << "this kernel has no Landlock";
  const pid_t user = ::fork();
  if (user == 0) {
    // The filter is not there, in this child and in the first one alike.
    take_away(SYS_seccomp);
    ::execl("/proc/self/exe", "confinement", "--gtest_also_run_disabled_tests",
            "--gtest_filter=LandlockAlone.DISABLED_Holds", nullptr);
    ::_exit(2);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(user, &status, 0), user);
  EXPECT_EQ(status, 0);
}

// Run by the test above, in a process of its own: what was probed is of the whole process.
TEST(LandlockAlone, DISABLED_Holds) {
  EXPECT_FALSE(probe_confinement().seccomp);
  for (const char* worker : {"opens", "creates", "execs"}) {
    EXPECT_EQ(end_of(worker), "failed (status 1)") << worker;
  }
}

}  // namespace
}  // namespace courier
