#include "media/xorriso_child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace courier {

namespace {

constexpr int kFreeDescriptor = 64;  // above all that the child is given

Error cannot_start(int errno_value, const std::string& program) {
  const Error error = system_error(errno_value, "program " + escaped(program), "cannot be started");
  return Error(ErrorCode::device, error.subject(),
               error.happened() + " (discs and ISO images are made with it)")
      .with_hint("install the package xorriso, then run the same command");
}

struct SpawnActions {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  SpawnActions() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnActions() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnActions(const SpawnActions&) = delete;
};

// So that no setting of the operator's changes what it does or says.
std::vector<std::string> with_first_options(const std::string& program,
                                            const std::vector<std::string>& arguments) {
  std::vector<std::string> all{program,        "-no_rc",      "-abort_on", "FAILURE",
                               "-return_with", "SORRY",       "32",        "-use_readline",
                               "off",          "-pkt_output", "on"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

}  // namespace

XorrisoChild::XorrisoChild(const std::string& program, const std::vector<std::string>& arguments,
                           const Fd* as_three) {
  const auto require = [&](bool done, int fault) {
    if (!done) throw cannot_start(fault, program);
  };
  std::array<int, 2> input{}, output{};
  // A socket, because writing to one whose reader is gone raises no signal.
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input.data()) == 0, errno);
  input_ = Fd{input[0]};
  const Fd their_input{input[1]};
  require(::pipe2(output.data(), O_CLOEXEC) == 0, errno);
  output_ = Fd{output[0]};
  const Fd their_output{output[1]};

  SpawnActions actions;
  std::vector<Fd> high;
  int number = 0;
  for (const Fd* fd : {&their_input, &their_output, &their_output, as_three}) {
    if (fd == nullptr) break;
    high.emplace_back(::fcntl(fd->get(), F_DUPFD_CLOEXEC, kFreeDescriptor));
    require(static_cast<bool>(high.back()), errno);
    const int fault =
        ::posix_spawn_file_actions_adddup2(&actions.files, high.back().get(), number++);
    require(fault == 0, fault);
  }
  int fault = ::posix_spawn_file_actions_addclosefrom_np(&actions.files, number);
  require(fault == 0, fault);
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&actions.attributes, &none);
  ::posix_spawnattr_setsigdefault(&actions.attributes, &all);
  ::posix_spawnattr_setflags(&actions.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> words = with_first_options(program, arguments);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  // Its messages are taken apart, so they are in English.
  const char* search = std::getenv("PATH");
  std::string language = "LC_ALL=C",
              path = fmt::format("PATH={}", search ? search : "/usr/bin:/bin");
  std::array<char*, 3> environment{language.data(), path.data(), nullptr};
  fault = ::posix_spawnp(&pid_, program.c_str(), &actions.files, &actions.attributes,
                         pointers.data(), environment.data());
  if (fault != 0) pid_ = -1;
  require(fault == 0, fault);
}

XorrisoChild::~XorrisoChild() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
}

void XorrisoChild::listen(int timeout_ms, bool may_feed) {
  std::array<pollfd, 2> fds{pollfd{output_.get(), POLLIN, 0},
                            pollfd{may_feed ? input_.get() : -1, POLLOUT, 0}};
  if (::poll(fds.data(), fds.size(), timeout_ms) <= 0 || fds[0].revents == 0) return;
  std::array<std::uint8_t, 4096> buffer;
  const ssize_t n = ::read(output_.get(), buffer.data(), buffer.size());
  if (n > 0) dialogue_.feed(ByteView(buffer).first(static_cast<std::size_t>(n)));
  if (n == 0) output_.close();
}

bool XorrisoChild::feed(ByteView data) {
  while (!data.empty()) {
    const ssize_t n = ::send(input_.get(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (n > 0) data = data.subspan(static_cast<std::size_t>(n));
    listen(n > 0 ? 0 : -1, true);
  }
  return true;
}

bool XorrisoChild::finish() {
  if (pid_ < 0) return status_ == 0;
  ::shutdown(input_.get(), SHUT_WR);
  while (output_) listen(-1, false);
  while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status_ == 0;
}

Error XorrisoChild::failure(const std::string& subject) const {
  const std::vector<std::string>& problems = dialogue_.problems();
  std::string what = problems.empty() ? fmt::format("xorriso ended with status {}",
                                                    WIFEXITED(status_) ? WEXITSTATUS(status_)
                                                                       : 128 + WTERMSIG(status_))
                                      : "xorriso says: " + problems.front();
  for (const std::string& problem : problems) {
    if (problem.find("exceeds free space on media") != std::string::npos) {
      return Error(ErrorCode::no_space, subject, "xorriso says: " + problem)
          .with_hint("use a larger disc, or give --volume-size");
    }
  }
  return Error(ErrorCode::device, subject, std::move(what));
}

}  // namespace courier
