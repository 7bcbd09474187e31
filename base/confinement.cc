#include "base/confinement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

#include "base/confined_input.h"
#include "base/confined_process.h"
#include "base/spawn.h"

namespace courier {
namespace {

constexpr const char* kWorkerArgument = "confined-worker";
constexpr std::string_view kProbe = "probe";  // a worker that ends at once
constexpr int kChannel = 3;                   // the child's descriptor of it; others follow

// How a child ends that could not do its work, beside its own statuses and signals.
constexpr int kNoSuchWorker = 120, kNotLimited = 121, kNoMemory = 122, kThrew = 123;

// What a child says of itself before it sees input.
struct Greeting {
  std::uint32_t seccomp, landlock_abi;
};

template <typename Number>
std::optional<Number> number_of(const char* text) {
  Number number{};
  const char* end = text + std::strlen(text);
  const auto [at, fault] = std::from_chars(text, end, number);
  if (fault != std::errc{} || at != end) return std::nullopt;
  return number;
}

const ConfinedWorker* find_worker(std::span<const ConfinedWorker> workers, std::string_view name) {
  static constexpr ConfinedWorker kProbeWorker{kProbe, nullptr,
                                               [](const Fd&, std::vector<Fd>) { return 0; }};
  if (name == kProbe) return &kProbeWorker;
  for (const ConfinedWorker& worker : workers) {
    if (worker.name == name) return &worker;
  }
  return nullptr;
}

int run_worker(const ConfinedWorker& worker, const ConfinedLimits& limits, int others_count) {
  const Fd channel{kChannel};
  std::vector<Fd> others;
  for (int i = 0; i < others_count; ++i) others.emplace_back(kChannel + 1 + i);
  if (worker.prepare != nullptr) worker.prepare();
  Greeting greeting{};
  try {
    const auto open_files = static_cast<unsigned>(kChannel + 1 + others_count);
    const Confinement confinement = confine_this_process(limits, open_files);
    greeting = {confinement.seccomp, confinement.landlock_abi};
  } catch (const Error&) {
    return kNotLimited;
  }
  try {
    write_answer(channel, {reinterpret_cast<const std::uint8_t*>(&greeting), sizeof greeting});
    return worker.run(channel, std::move(others));
  } catch (...) {
    end_worker();
  }
}

// The environment of a child: nothing of the parent's but what a sanitizer is told.
std::vector<std::string> child_environment() {
  // The search for leaks looks into the process from another one, which is not allowed there.
  std::vector<std::string> environment{"LC_ALL=C.UTF-8", "LSAN_OPTIONS=detect_leaks=0"};
  for (const char* name : {"ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) {
      environment.push_back(fmt::format("{}={}", name, value));
    }
  }
  return environment;
}

Error cannot_start(int errno_value) {
  const Error cause = system_error(errno_value, "confined child", "cannot be started");
  return Error(ErrorCode::device, "the confined child that takes input apart", cause.happened())
      .with_hint("check the limit of processes ('ulimit -u'), and that /proc is mounted");
}

}  // namespace

void end_worker() noexcept {
  try {
    throw;
  } catch (const NobodyAsks&) {
    ::_exit(0);
  } catch (const std::bad_alloc&) {
    ::_exit(kNoMemory);
  } catch (...) {
    ::_exit(kThrew);
  }
}

std::string Confinement::words() const {
  std::string text = seccomp ? "seccomp" : "no seccomp";
  text += landlock_abi > 0 ? fmt::format(", landlock ABI {}", landlock_abi) : ", no landlock";
  if (seccomp) {
    text += ", no files, no network";
  } else if (landlock_abi >= 4) {
    text += ", no files, no TCP";
  } else if (landlock_abi > 0) {
    text += ", no files";
  }
  return text + fmt::format(", {} MiB", limits.memory_bytes >> 20);
}

void run_confined_worker_if_asked(int argc, char** argv, std::span<const ConfinedWorker> workers) {
  if (argc != 6 || std::strcmp(argv[1], kWorkerArgument) != 0) return;
  // Before anything else: it does not outlive its parent, whatever it does.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);  // whoever ends them all asks the parent, which ends its children
  const auto memory = number_of<std::uint64_t>(argv[3]);
  const auto cpu = number_of<std::uint32_t>(argv[4]);
  const auto others = number_of<int>(argv[5]);
  const ConfinedWorker* worker = find_worker(workers, argv[2]);
  if (!memory || !cpu || !others || *others < 0 || worker == nullptr) ::_exit(kNoSuchWorker);
  // No destructors of statics: they are for a program that ends, and could ask for more.
  ::_exit(run_worker(*worker, {*memory, *cpu}, *others));
}

ConfinedChild ConfinedChild::start(std::string_view worker, const ConfinedLimits& limits,
                                   const std::vector<const Fd*>& others) {
  // A layer may be missing everywhere, and then that is said. It is never missing in one child.
  const Confinement* const least = worker == kProbe ? nullptr : &probe_confinement();
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    throw cannot_start(errno);
  }
  ConfinedChild child;
  child.channel_ = Fd{pair[0]};
  Fd theirs{pair[1]};
  const timeval silence{limits.silence_seconds, 0};
  for (int direction : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    if (::setsockopt(pair[0], SOL_SOCKET, direction, &silence, sizeof silence) != 0) {
      throw cannot_start(errno);
    }
  }
  const Fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  if (!null) throw cannot_start(errno);

  SpawnRequest request;
  request.program = "/proc/self/exe";
  request.arguments = {"courier",
                       kWorkerArgument,
                       std::string(worker),
                       std::to_string(limits.memory_bytes),
                       std::to_string(limits.cpu_seconds),
                       std::to_string(others.size())};
  request.environment = child_environment();
  // What the sanitizer says must be seen.
  request.descriptors = {null.get(), null.get(), kIsSanitized ? 2 : null.get(), theirs.get()};
  for (const Fd* other : others) request.descriptors.push_back(other->get());
  if (const int fault = spawn(request, child.pid_)) throw cannot_start(fault);
  child.cpu_seconds_ = limits.cpu_seconds;
  child.waiting_seconds_ = std::uint64_t{limits.silence_seconds} + limits.cpu_seconds;
  child.confinement_.limits = limits;
  theirs.close();  // so that its end is seen here
  child.handle_ = Fd{static_cast<int>(::syscall(SYS_pidfd_open, child.pid_, 0))};
  if (!child.handle_) {
    const int cause = errno;
    ::kill(child.pid_, SIGKILL);  // not waited for yet: the number is still its own
    throw cannot_start(cause);
  }

  Greeting greeting{};
  if (!child.receive({reinterpret_cast<std::uint8_t*>(&greeting), sizeof greeting})) {
    throw Error(ErrorCode::internal, "confined child " + std::string(worker), child.how_it_ended());
  }
  child.confinement_ = {greeting.seccomp != 0, greeting.landlock_abi, limits};
  if (least != nullptr && (child.confinement_.seccomp < least->seccomp ||
                           child.confinement_.landlock_abi < least->landlock_abi)) {
    throw Error(ErrorCode::internal, "confined child " + std::string(worker),
                "is less confined (" + child.confinement_.words() + ") than this system allows (" +
                    least->words() + ")");
  }
  return child;
}

ConfinedChild::ConfinedChild(ConfinedChild&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      has_ended_(other.has_ended_),
      ended_(other.ended_.load()),
      handle_(std::move(other.handle_)),
      channel_(std::move(other.channel_)),
      confinement_(other.confinement_),
      cpu_seconds_(other.cpu_seconds_.load()),
      waiting_seconds_(other.waiting_seconds_.load()),
      sending_(other.sending_),
      receiving_(other.receiving_) {}

ConfinedChild& ConfinedChild::operator=(ConfinedChild&& other) noexcept {
  if (this != &other) {
    kill();
    channel_.close();
    reap();
    pid_ = std::exchange(other.pid_, -1);
    status_ = other.status_;
    has_ended_ = other.has_ended_;
    ended_ = other.ended_.load();
    handle_ = std::move(other.handle_);
    channel_ = std::move(other.channel_);
    confinement_ = other.confinement_;
    cpu_seconds_ = other.cpu_seconds_.load();
    waiting_seconds_ = other.waiting_seconds_.load();
    sending_ = other.sending_;
    receiving_ = other.receiving_;
  }
  return *this;
}

ConfinedChild::~ConfinedChild() {
  kill();
  channel_.close();  // one that could not be ended reads an end
  reap();
}

std::chrono::seconds ConfinedChild::patience() const {
  return std::chrono::seconds(std::min<std::uint64_t>(waiting_seconds_, kMostSeconds));
}

// Giving a byte just before each silence would be one too long is no way to go on for ever.
bool ConfinedChild::is_late(Waited waited) {
  if (waited <= patience()) return false;
  end_it(Ended::late);
  return true;
}

// What is not the child's doing does not count: that this process was stopped, as by the terminal,
// and goes on. Such a call comes back as interrupted; one that does not is never longer than a
// silence.
template <typename Call>
ssize_t ConfinedChild::timed(Waited& waited, Call call) const {
  const auto begin = std::chrono::steady_clock::now();
  const ssize_t done = call();
  const int fault = errno;
  const Waited more = std::chrono::steady_clock::now() - begin;
  const bool is_interrupted = done < 0 && fault == EINTR;
  const Waited silence = std::chrono::seconds(confinement_.limits.silence_seconds);
  if (!is_interrupted) waited += std::min(more, silence);
  errno = fault;
  return done;
}

bool ConfinedChild::send(ByteView data) {
  while (!data.empty()) {
    if (is_late(sending_)) return false;
    const ssize_t done = timed(
        sending_, [&] { return ::send(channel_.get(), data.data(), data.size(), MSG_NOSIGNAL); });
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return note_fault(errno);
    data = data.subspan(static_cast<std::size_t>(done));
  }
  return true;
}

bool ConfinedChild::receive(MutableByteView out) {
  while (!out.empty()) {
    if (is_late(receiving_)) return false;
    const ssize_t done =
        timed(receiving_, [&] { return ::read(channel_.get(), out.data(), out.size()); });
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return note_fault(errno);
    if (done == 0) return false;
    out = out.subspan(static_cast<std::size_t>(done));
  }
  return true;
}

bool ConfinedChild::note_fault(int errno_value) {
  if (errno_value == EAGAIN) end_it(Ended::silent);
  return false;
}

void ConfinedChild::end_input() { ::shutdown(channel_.get(), SHUT_WR); }

void ConfinedChild::grant_cpu(std::uint32_t seconds, std::uint32_t waiting_seconds) {
  cpu_seconds_ += seconds;
  waiting_seconds_ += std::uint64_t{seconds} + waiting_seconds;
  rlimit limit{};
  // A child that has ended meanwhile needs none.
  if (has_ended_ || ::prlimit(pid_, RLIMIT_CPU, nullptr, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(cpu_seconds_, limit.rlim_max);
  ::prlimit(pid_, RLIMIT_CPU, &limit, nullptr);
}

void ConfinedChild::end_it(Ended why) noexcept {
  Ended nobody = Ended::not_by_us;
  ended_.compare_exchange_strong(nobody, why);  // the first reason is the reason
  // By the handle: the number may be another process's by now.
  if (handle_) ::syscall(SYS_pidfd_send_signal, handle_.get(), SIGKILL, nullptr, 0);
}

void ConfinedChild::reap() noexcept {
  if (pid_ < 0 || has_ended_) return;
  while (::waitpid(pid_, &status_, 0) < 0) {
    if (errno != EINTR) {
      status_ = 0;  // someone else waits for children here: how it ended is not known
      break;
    }
  }
  has_ended_ = true;
}

std::string ConfinedChild::how_it_ended() {
  reap();
  if (WIFSIGNALED(status_) && WTERMSIG(status_) == SIGKILL) {
    switch (ended_) {
      case Ended::not_by_us:
        return "was stopped from outside (kill, or the machine is out of memory)";
      case Ended::silent:
        return fmt::format("was stopped: it gave no answer for {} seconds",
                           confinement_.limits.silence_seconds);
      case Ended::late:
        return fmt::format("was stopped: it kept its reader waiting for more than {} seconds",
                           patience().count());
      case Ended::by_reader:
        return "was stopped by its reader, before it came to an end";
    }
  }
  if (WIFSIGNALED(status_)) {
    switch (WTERMSIG(status_)) {
      case SIGSYS:
        return "was stopped: it asked the system for what a reader never needs";
      case SIGXCPU:
        return fmt::format("was stopped: it computed for more than {} seconds",
                           cpu_seconds_.load());
      default:
        return fmt::format("crashed (signal {})", WTERMSIG(status_));
    }
  }
  switch (WEXITSTATUS(status_)) {
    case 0:
      return "";
    case kNoSuchWorker:
      return "does not know what it was started for";
    case kNotLimited:
      return "cannot limit or confine itself";
    case kNoMemory:
      return fmt::format("was stopped: it needed more than {} MiB of memory",
                         confinement_.limits.memory_bytes >> 20);
    default:
      return fmt::format("failed (status {})", WEXITSTATUS(status_));
  }
}

Error ConfinedChild::failure(const std::string& subject) {
  // It closes its end when it dies; one that closed it and lives on is given a moment, no more.
  pollfd end{handle_.get(), POLLIN, 0};
  if (!has_ended_ && ::poll(&end, 1, 2000) == 0) kill();
  const std::string how = how_it_ended();
  return confined_failure(subject, how.empty() ? "ended too early" : how);
}

Error confined_failure(const std::string& subject, const std::string& how) {
  return Error(ErrorCode::damaged, subject, "the confined child that read it " + how)
      .with_loss(
          "nothing was lost: it could reach no file and no network, and what was taken in"
          " before is kept")
      .with_hint(
          "do not use this copy, try another; if that one does the same, keep it and report"
          " it: it may have been made to attack this machine");
}

const Confinement& probe_confinement() {
  static const Confinement probed = ConfinedChild::start(kProbe, {}).confinement();
  return probed;
}

}  // namespace courier
