#include "console/child_job.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/spawn.h"

namespace courier {
namespace {

// A report names every item of a parcel; one of more than this is not read.
constexpr std::size_t kLongestLine = 8 << 20;
// Of one turn: what a child writes without end does not keep the console from all else.
constexpr int kReadsPerTurn = 16;

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** one = environ; *one != nullptr; ++one) all.emplace_back(*one);
  return all;
}

}  // namespace

ChildJob::ChildJob(EventLoop& loop, const std::string& program,
                   const std::vector<std::string>& arguments, Handlers handlers)
    : loop_(loop), handlers_(std::move(handlers)) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw system_error(errno, "console", "cannot make a pipe");
  output_ = Fd(ends[0]);
  const Fd theirs(ends[1]);
  ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null) throw system_error(errno, "/dev/null", "cannot be opened");
  SpawnRequest request{
      program, {"courier"}, own_environment(), {null.get(), theirs.get(), STDERR_FILENO}};
  request.arguments.insert(request.arguments.end(), arguments.begin(), arguments.end());
  const int fault = spawn(request, pid_);
  if (fault != 0) throw system_error(fault, "console", "cannot start a process");
  handle_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!handle_) {
    const int why = errno;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    throw system_error(why, "console", "cannot watch a process");
  }
  loop_.watch(output_.get(), [this] { read_lines(); });
  loop_.watch(handle_.get(), [this] { end(); });
}

ChildJob::~ChildJob() {
  if (output_) loop_.forget(output_.get());
  if (handle_) loop_.forget(handle_.get());
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void ChildJob::stop() {
  if (pid_ >= 0) ::kill(pid_, SIGTERM);
}

bool ChildJob::read_lines() {
  std::array<char, 64 << 10> buffer;
  for (int i = 0; i < kReadsPerTurn && output_; ++i) {
    const ssize_t count = ::read(output_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return false;
    if (count <= 0) {
      loop_.forget(output_.get());
      output_.close();
      return false;
    }
    std::string_view rest(buffer.data(), static_cast<std::size_t>(count));
    for (std::size_t at; (at = rest.find('\n')) != std::string_view::npos;) {
      pending_ += rest.substr(0, at);
      rest.remove_prefix(at + 1);
      if (!is_too_long_) take_line(pending_);
      pending_.clear();
      is_too_long_ = false;
    }
    if (pending_.size() + rest.size() > kLongestLine) is_too_long_ = end_.is_too_long = true;
    if (is_too_long_) {
      pending_ = std::string();
    } else {
      pending_ += rest;
    }
  }
  return static_cast<bool>(output_);
}

void ChildJob::take_line(std::string_view line) {
  Json document = Json::parse(line, nullptr, false);
  const std::string event = text_at(document, "event");
  if (event == "progress" && handlers_.on_progress) handlers_.on_progress(document);
  if (event == "report") {
    end_.reported = true;
    end_.report = object_at(document, "report");
  }
}

void ChildJob::end() {
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return;
  pid_ = -1;
  loop_.forget(handle_.get());
  handle_.close();
  // What it wrote last is still in the pipe; what it started may hold the other end of it, so that
  // the end of the pipe is not waited for.
  while (output_ && read_lines()) {
  }
  end_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  const auto on_end = std::move(handlers_.on_end);
  if (on_end) on_end(std::move(end_));
}

}  // namespace courier
