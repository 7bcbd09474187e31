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

TEST(StopSignals, AreGivenBack) {
  { const StopSignals signals; }
  struct sigaction now {};
  ASSERT_EQ(::sigaction(SIGTERM, nullptr, &now), 0);
  EXPECT_EQ(now.sa_handler, SIG_DFL);
}

}  // namespace
}  // namespace courier
