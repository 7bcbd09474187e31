#include "base/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/file_system.h"

namespace courier {
namespace {

// What `script` prints in a child that is given nothing but these descriptors from 3 on.
std::string said(const std::string& script, const std::vector<int>& others = {}) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return "no pipe";
  const Fd read_end{ends[0]};
  Fd write_end{ends[1]};
  const Fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  SpawnRequest request{"sh", {"sh", "-c", script}, {"PATH=/usr/bin:/bin", "WORD=given"}, {}};
  request.descriptors = {null.get(), write_end.get(), null.get()};
  for (const int fd : others) request.descriptors.push_back(fd);
  pid_t pid = -1;
  if (spawn(request, pid) != 0) return "not started";
  write_end.close();
  std::string text;
  std::array<char, 256> buffer;
  for (ssize_t n; (n = ::read(read_end.get(), buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  ::waitpid(pid, nullptr, 0);
  return text;
}

TEST(Spawn, GivesTheDescriptorsInTheirOrderAndNoOther) {
  const Fd a{::open("/dev/zero", O_RDONLY)}, open_here{::open("/dev/full", O_RDONLY)};
  const std::string links = "readlink /proc/self/fd/3; ls /proc/self/fd | wc -l";
  // 0, 1, 2, 3, and the one that ls itself opens.
  EXPECT_EQ(said(links, {a.get()}), "/dev/zero\n5\n");
}

TEST(Spawn, GivesTheEnvironmentAndNothingOfThisProcess) {
  ASSERT_EQ(::setenv("COURIER_SECRET_OF_THIS_TEST", "x", 1), 0);
  EXPECT_EQ(said("echo \"$WORD${COURIER_SECRET_OF_THIS_TEST}\""), "given\n");
}

TEST(Spawn, LetsNoSignalBeIgnoredBecauseItIsHere) {
  const auto before = ::signal(SIGTERM, SIG_IGN);
  EXPECT_EQ(said("kill -TERM $$; echo survived"), "");
  ::signal(SIGTERM, before);
}

TEST(Spawn, SaysWhyItCouldNot) {
  pid_t pid = 7;
  EXPECT_EQ(spawn({"/nowhere/at/all", {"x"}, {}, {0, 1, 2}}, pid), ENOENT);
  EXPECT_EQ(pid, -1);
  EXPECT_EQ(spawn({"sh", {"sh"}, {}, {-1}}, pid), EBADF);
}

}  // namespace
}  // namespace courier
