// Confinement: each worker here tries one thing that hostile input could make a parser do. A worker
// that can do it says so with the status kCould.
#include "base/confinement.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <fstream>
#include <thread>

#include "base/confined_process.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_workers.h"

namespace courier {
namespace {

using test::error_of;
using test::TempFolder;
using test::TestWorker;

constexpr int kCould = 42;

using Others = std::vector<Fd>;

const TestWorker kEcho{
    {"echo", nullptr, [](const Fd& channel, Others) {
       std::array<char, 4> bytes{};
       const ssize_t size = ::read(channel.get(), bytes.data(), bytes.size());
       return ::write(channel.get(), bytes.data(), static_cast<std::size_t>(size)) == size ? 0 : 1;
     }}};
const TestWorker kThreads{{"threads", nullptr, [](const Fd& channel, Others) {
                             std::array<char, 4> word{'d', 'o', 'n', 'e'};
                             std::vector<std::thread> threads;
                             for (char& letter : word) {
                               threads.emplace_back([&letter] {
                                 // Grows and shrinks whatever heap the thread has.
                                 for (int round = 0; round < 100; ++round) {
                                   std::vector<std::vector<char>> much(100);
                                   for (auto& part : much) part.assign(100'000, letter);
                                   letter = much[50][50'000];
                                 }
                               });
                             }
                             for (std::thread& thread : threads) thread.join();
                             return ::write(channel.get(), word.data(), word.size()) == 4 ? 0 : 1;
                           }}};
const TestWorker kReadsOther{{"reads-other", nullptr, [](const Fd& channel, Others others) {
                                std::array<char, 5> bytes{};
                                if (others.size() != 1) return 1;
                                if (::read(others[0].get(), bytes.data(), 5) != 5) return 2;
                                return ::write(channel.get(), bytes.data(), 5) == 5 ? 0 : 3;
                              }}};
const TestWorker kOpens{{"opens", nullptr, [](const Fd&, Others) {
                           return ::open("/etc/passwd", O_RDONLY) >= 0 ? kCould : 1;
                         }}};
const TestWorker kCreates{{"creates", nullptr, [](const Fd&, Others) {
                             return ::open("/tmp", O_TMPFILE | O_RDWR, 0600) >= 0 ? kCould : 1;
                           }}};
const TestWorker kRemoves{{"removes", nullptr, [](const Fd&, Others) {
                             return ::rmdir("/tmp/no such folder") == 0 || errno == ENOENT ? kCould
                                                                                           : 1;
                           }}};
const TestWorker kWritesFile{{"writes-file", nullptr, [](const Fd&, Others others) {
                                return ::write(others.at(0).get(), "x", 1) == 1 ? kCould : 1;
                              }}};
const TestWorker kSocket{{"socket", nullptr, [](const Fd&, Others) {
                            return ::socket(AF_INET, SOCK_STREAM, 0) >= 0 ? kCould : 1;
                          }}};
const TestWorker kLocalSocket{{"local-socket", nullptr, [](const Fd&, Others) {
                                 return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? kCould : 1;
                               }}};
const TestWorker kExecs{{"execs", nullptr, [](const Fd&, Others) {
                           ::execl("/bin/true", "true", nullptr);
                           return errno == ENOENT ? kCould : 1;
                         }}};
const TestWorker kForks{{"forks", nullptr, [](const Fd&, Others) {
                           const pid_t child = ::fork();
                           if (child == 0) ::_exit(0);
                           return child > 0 ? kCould : 1;
                         }}};
const TestWorker kSignals{{"signals", nullptr, [](const Fd&, Others) {
                             return ::kill(::getppid(), 0) == 0 ? kCould : 1;
                           }}};
const TestWorker kTraces{{"traces", nullptr, [](const Fd&, Others) {
                            return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? kCould : 1;
                          }}};
const TestWorker kMakesCode{{"makes-code", nullptr, [](const Fd&, Others) {
                               void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                               return at != MAP_FAILED ? kCould : 1;
                             }}};
const TestWorker kRaisesLimit{{"raises-limit", nullptr, [](const Fd&, Others) {
                                 const rlimit more{RLIM_INFINITY, RLIM_INFINITY};
                                 return ::setrlimit(RLIMIT_CPU, &more) == 0 ? kCould : 1;
                               }}};
const TestWorker kEats{{"eats", nullptr, [](const Fd&, Others) {
                          std::vector<std::vector<char>> eaten;
                          for (int i = 0; i < 64; ++i) eaten.emplace_back(16u << 20, 'x');
                          return kCould;
                        }}};
const TestWorker kLoops{{"loops", nullptr, [](const Fd&, Others) -> int {
                           for (std::atomic<int> at = 0;; ++at) {
                           }
                         }}};
const TestWorker kCrashes{{"crashes", nullptr, [](const Fd&, Others) -> int {
                             ::raise(SIGSEGV);
                             return 0;
                           }}};
const TestWorker kGivesUp{{"gives-up", nullptr, [](const Fd&, Others) { return 7; }}};
const TestWorker kWaits{{"waits", nullptr, [](const Fd& channel, Others) {
                           char byte = 'x';
                           if (::write(channel.get(), &byte, 1) != 1) return 1;
                           return ::read(channel.get(), &byte, 1) == 0 ? 0 : 2;
                         }}};
// Which descriptors are open from 0 to 255, a byte each.
const TestWorker kCounts{{"counts", nullptr, [](const Fd& channel, Others others) {
                            std::array<char, 256> open{};
                            for (int fd = 0; fd < 256; ++fd) {
                              pollfd one{fd, 0, 0};
                              const bool is_there =
                                  ::poll(&one, 1, 0) >= 0 && (one.revents & POLLNVAL) == 0;
                              open[static_cast<std::size_t>(fd)] = is_there ? 1 : 0;
                            }
                            if (others.size() != 1) return 1;
                            return ::write(channel.get(), open.data(), open.size()) == 256 ? 0 : 2;
                          }}};
// Waits for no input: ends by the death signal alone.
const TestWorker kSleeps{{"sleeps", nullptr, [](const Fd& channel, Others) -> int {
                            if (::write(channel.get(), "x", 1) != 1) return 1;
                            for (;;) ::poll(nullptr, 0, -1);
                          }}};
int g_prepared = 0;
const TestWorker kPrepared{{"prepared",
                            [] {
                              // Allowed here: a library that reads its settings.
                              g_prepared = ::open("/dev/null", O_RDONLY) >= 0 ? 1 : 0;
                            },
                            [](const Fd&, Others) { return g_prepared == 1 ? 0 : 1; }}};

// How a worker ends that is given no input.
std::string end_of(const std::string& worker, const std::vector<const Fd*>& others = {},
                   ConfinedLimits limits = {}) {
  return ConfinedChild::start(worker, limits, others).how_it_ended();
}

// What a worker says, in `size` bytes.
std::string answer_of(ConfinedChild& child, std::size_t size) {
  Bytes answer(size);
  EXPECT_TRUE(child.receive(answer));
  return std::string(answer.begin(), answer.end());
}

constexpr const char* kStopped = "was stopped: it asked the system for what a reader never needs";

class CannotTest : public testing::TestWithParam<const char*> {};

TEST_P(CannotTest, IsStoppedWhenItTries) {
  const std::string end = end_of(GetParam());
  if (kIsSanitized) {  // what its runtime needs is refused by Landlock alone, or not watched
    EXPECT_NE(end, "failed (status 42)");
  } else {
    EXPECT_EQ(end, kStopped);
  }
}

INSTANTIATE_TEST_SUITE_P(Confined, CannotTest,
                         testing::Values("opens", "creates", "removes", "socket", "local-socket",
                                         "execs", "forks", "signals", "traces"),
                         [](const auto& tried) {
                           std::string name = tried.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(ConfinedChild, MapsNoCodeAndRaisesNoLimit) {
  if (kIsSanitized) GTEST_SKIP() << "a sanitizer's runtime needs both";
  EXPECT_EQ(end_of("makes-code"), kStopped);
  EXPECT_EQ(end_of("raises-limit"), kStopped);
}

TEST(ConfinedChild, ComputesAndAnswers) {
  ConfinedChild child = ConfinedChild::start("echo", {});
  ASSERT_TRUE(child.send(as_bytes("ping")));
  EXPECT_EQ(answer_of(child, 4), "ping");
  EXPECT_EQ(child.how_it_ended(), "");
}

TEST(ConfinedChild, MayStartThreads) {
  ConfinedChild child = ConfinedChild::start("threads", {});
  EXPECT_EQ(answer_of(child, 4), "done");
  EXPECT_EQ(child.how_it_ended(), "");
}

TEST(ConfinedChild, HasTheDescriptorsItIsGivenAndNoOthers) {
  TempFolder folder;
  std::ofstream(folder.path() + "/given") << "given";
  const Fd secret{::open("/etc/passwd", O_RDONLY)};  // not closed on exec, and not given
  const Fd given{::open((folder.path() + "/given").c_str(), O_RDONLY | O_CLOEXEC)};
  ConfinedChild child = ConfinedChild::start("reads-other", {}, {&given});
  EXPECT_EQ(answer_of(child, 5), "given");
  EXPECT_EQ(child.how_it_ended(), "");
  std::vector<Fd> many;  // so that some have high numbers
  for (int i = 0; i < 150; ++i) many.emplace_back(::open("/etc/passwd", O_RDONLY));
  ConfinedChild counting = ConfinedChild::start("counts", {}, {&given});
  // Nothing in, out and error; the channel; the one that was given.
  EXPECT_EQ(answer_of(counting, 256), std::string(5, '\1') + std::string(251, '\0'));
}

TEST(ConfinedChild, WritesNoFileEvenByAnOpenDescriptor) {
  TempFolder folder;
  const std::string path = folder.path() + "/file";
  const Fd file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  EXPECT_NE(end_of("writes-file", {&file}), "failed (status 42)");
  struct stat now {};
  ASSERT_EQ(::fstat(file.get(), &now), 0);
  EXPECT_EQ(now.st_size, 0);
}

TEST(ConfinedChild, IsStoppedWhenItUsesTooMuchMemory) {
  if (kIsSanitized) GTEST_SKIP() << "a sanitizer's runtime needs its own";
  EXPECT_EQ(end_of("eats", {}, {256u << 20, 60}),
            "was stopped: it needed more than 256 MiB of memory");
}

TEST(ConfinedChild, IsStoppedWhenItRunsForEver) {
  EXPECT_EQ(end_of("loops", {}, {512u << 20, 1}),
            "was stopped: it computed for more than 1 seconds");
}

TEST(ConfinedChild, MayBeGivenMoreTime) {
  ConfinedChild child = ConfinedChild::start("loops", {512u << 20, 1});
  child.grant_cpu(1);
  EXPECT_EQ(child.how_it_ended(), "was stopped: it computed for more than 2 seconds");
}

TEST(ConfinedChild, DiesOfItsOwnCrashAlone) {
  if (kIsSanitized) {
    EXPECT_NE(end_of("crashes"), "");  // its runtime says how and exits
  } else {
    EXPECT_EQ(end_of("crashes"), "crashed (signal 11)");
  }
  EXPECT_EQ(end_of("gives-up"), "failed (status 7)");
}

TEST(ConfinedChild, EndsWhenItsParentLetsGo) {
  pid_t pid = -1;
  {
    ConfinedChild child = ConfinedChild::start("waits", {});
    EXPECT_EQ(answer_of(child, 1), "x");
    pid = child.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);  // waited for: not even a zombie is left
  EXPECT_EQ(errno, ESRCH);
}

TEST(ConfinedChild, DoesNotOutliveAParentThatIsKilled) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::pipe(pair.data()), 0);
  Fd reading{pair[0]}, writing{pair[1]};
  const pid_t parent = ::fork();
  if (parent == 0) {
    // It looks at no input and uses no time, so nothing but its parent's death ends it; the pipe
    // tells when it is gone.
    ConfinedChild child = ConfinedChild::start("sleeps", {}, {&writing});
    if (answer_of(child, 1) == "x") ::kill(::getpid(), SIGKILL);
    ::_exit(1);
  }
  writing.close();
  int status = 0;
  ASSERT_EQ(::waitpid(parent, &status, 0), parent);
  EXPECT_TRUE(WIFSIGNALED(status));
  pollfd end{reading.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&end, 1, 10'000), 1) << "it lives on";
  char byte = 0;
  EXPECT_EQ(::read(reading.get(), &byte, 1), 0);
}

TEST(ConfinedChild, ReadsAnEndWhenNoMoreIsSent) {
  ConfinedChild child = ConfinedChild::start("waits", {});
  EXPECT_EQ(answer_of(child, 1), "x");
  child.end_input();
  EXPECT_EQ(child.how_it_ended(), "");
}

TEST(ConfinedChild, ThatIsGoneTakesAndGivesNothing) {
  ConfinedChild child = ConfinedChild::start("waits", {});
  child.kill();
  Bytes answer(2);
  EXPECT_FALSE(child.receive(answer));
  EXPECT_FALSE(child.send(answer));
  EXPECT_EQ(child.how_it_ended(), "was stopped by its reader, before it came to an end");
}

TEST(ConfinedChild, ThatIsKilledByAnotherSaysSo) {
  ConfinedChild child = ConfinedChild::start("waits", {});
  ::kill(child.pid(), SIGKILL);
  EXPECT_EQ(child.how_it_ended(),
            "was stopped from outside (kill, or the machine is out of memory)");
}

TEST(ConfinedChild, PreparesBeforeItIsConfined) { EXPECT_EQ(end_of("prepared"), ""); }

TEST(ConfinedChild, SaysWhatItReadAndThatNothingWasLost) {
  ConfinedChild child = ConfinedChild::start("gives-up", {});
  const Error error = child.failure("file PUN-PSE-000001.pcl");
  EXPECT_EQ(error.code(), ErrorCode::damaged);
  EXPECT_STREQ(error.what(),
               "file PUN-PSE-000001.pcl: the confined child that read it failed (status 7)");
  EXPECT_EQ(error.loss(),
            "nothing was lost: it could reach no file and no network, and what was taken in before "
            "is kept");
  EXPECT_EQ(error.hint(),
            "do not use this copy, try another; if that one does the same, keep it and report it: "
            "it may have been made to attack this machine");
}

TEST(ConfinedChild, RefusesAWorkerThatTheProgramDoesNotHave) {
  const auto error = error_of([] { ConfinedChild::start("nobody", {}); });
  EXPECT_EQ(error.code(), ErrorCode::internal);
  EXPECT_STREQ(error.what(), "confined child nobody: does not know what it was started for");
}

TEST(Confinement, SaysWhatIsInForceAndWhatIsMissing) {
  EXPECT_EQ((Confinement{true, 7, {512u << 20, 60}}).words(),
            "seccomp, landlock ABI 7, no files, no network, 512 MiB");
  EXPECT_EQ((Confinement{true, 0, {512u << 20, 60}}).words(),
            "seccomp, no landlock, no files, no network, 512 MiB");
  EXPECT_EQ((Confinement{false, 4, {512u << 20, 60}}).words(),
            "no seccomp, landlock ABI 4, no files, no TCP, 512 MiB");
  EXPECT_EQ((Confinement{false, 0, {512u << 20, 60}}).words(), "no seccomp, no landlock, 512 MiB");
}

TEST(Confinement, IsFoundByStartingAChild) { EXPECT_TRUE(probe_confinement().seccomp); }

}  // namespace
}  // namespace courier
