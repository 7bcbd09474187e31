#include "courier/stop_signals.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace courier {
namespace {

TEST(StopSignals, AreAWishThatIsSeen) {
  const StopSignals signals;
  EXPECT_FALSE(signals.came());
  std::raise(SIGTERM);
  EXPECT_TRUE(signals.came());
}

TEST(StopSignals, EndTheProcessWhenTheyComeAgain) {
  const pid_t child = ::fork();
  if (child == 0) {
    const StopSignals signals;
    std::raise(SIGINT);
    if (!signals.came()) ::_exit(1);
    std::raise(SIGINT);
    ::_exit(2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) << status;
}

TEST(StopSignals, UnwindAWorkThatTellsOfItsProgress) {
  int events = 0;
  const ProgressSink sink = stoppable([&](const ProgressEvent&) { ++events; });
  EXPECT_FALSE(StopSignals::are_taken());
  sink({});
  EXPECT_TRUE(StopSignals::are_taken());
  std::raise(SIGTERM);
  try {
    sink({});
    FAIL() << "it went on";
  } catch (const Interrupted& interrupted) {
    const Report report = interrupted.report("receive");
    EXPECT_EQ(exit_status(report), 128 + SIGTERM);
    EXPECT_STREQ(report.problem->what(), "receive: was stopped by SIGTERM");
    EXPECT_EQ(problem_json(report)["code"], "interrupted");
  }
  EXPECT_EQ(events, 1);
}

TEST(StopSignals, AreLeftToWhoeverHasTakenThem) {
  const StopSignals signals;
  int events = 0;
  const ProgressSink sink = stoppable([&](const ProgressEvent&) { ++events; });
  std::raise(SIGTERM);
  sink({});
  EXPECT_EQ(events, 1);
}

TEST(StopSignals, AreGivenBack) {
  { const StopSignals signals; }
  struct sigaction now {};
  ASSERT_EQ(::sigaction(SIGTERM, nullptr, &now), 0);
  EXPECT_EQ(now.sa_handler, SIG_DFL);
}

}  // namespace
}  // namespace courier
