#include "media/xorriso_child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "base/spawn.h"

namespace courier {

namespace {

Error cannot_start(int errno_value, const std::string& program) {
  const Error error = system_error(errno_value, "program " + escaped(program), "cannot be started");
  return Error(ErrorCode::device, error.subject(),
               error.happened() + " (discs and ISO images are made with it)")
      .with_hint("install the package xorriso, then run the same command");
}

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

  SpawnRequest request;
  request.program = program;
  request.arguments = with_first_options(program, arguments);
  // Its messages are taken apart, so they are in English.
  const char* search = std::getenv("PATH");
  request.environment = {"LC_ALL=C", fmt::format("PATH={}", search ? search : "/usr/bin:/bin")};
  request.descriptors = {their_input.get(), their_output.get(), their_output.get()};
  if (as_three) request.descriptors.push_back(as_three->get());
  if (const int fault = spawn(request, pid_)) throw cannot_start(fault, program);
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
