#include "console/job_runner.h"

#include <csignal>
#include <utility>

#include "base/error.h"

namespace courier {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAgain{3000};  // when another courier works on the home
constexpr int kBusy = 8, kStopped = 128 + SIGTERM;

// As a shell reads it.
std::string quoted(const std::string& word) {
  constexpr std::string_view kBare =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@%=";
  if (!word.empty() && word.find_first_not_of(kBare) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

JobRunner::~JobRunner() { loop_.cancel(again_); }

std::string JobRunner::shown(const std::vector<std::string>& command) {
  std::string text = "courier";
  for (const std::string& word : command) {
    if (word != "--") text += " " + quoted(word);
  }
  return shown_text(text);
}

std::string JobRunner::typed(const std::vector<std::string>& command) const {
  std::vector<std::string> words = global_;
  words.insert(words.end(), command.begin(), command.end());
  return shown(words);
}

std::uint64_t JobRunner::start(JobRequest request) {
  const std::uint64_t number = ++last_;
  if (is_stopping_) return number;
  if (!request.holds_home) {
    launch(number, std::move(request));
    return number;
  }
  const bool must_wait = holder_ != 0 || !waiting_.empty();
  waiting_.emplace_back(number, std::move(request));
  if (must_wait && waiting_.back().second.on_wait) waiting_.back().second.on_wait(again_ != 0);
  next();
  return number;
}

void JobRunner::next() {
  if (holder_ != 0 || again_ != 0 || waiting_.empty() || is_stopping_) return;
  auto [number, request] = std::move(waiting_.front());
  waiting_.pop_front();
  holder_ = number;
  launch(number, std::move(request));
}

void JobRunner::launch(std::uint64_t number, JobRequest request) {
  std::vector<std::string> arguments = global_;
  arguments.insert(arguments.end(), {"--events", "--quiet"});
  arguments.insert(arguments.end(), request.command.begin(), request.command.end());
  Running& running = running_[number];
  running.request = std::move(request);
  ChildJob::Handlers handlers;
  handlers.on_progress = [this, number](const Json& line) {
    const auto it = running_.find(number);
    if (it != running_.end() && it->second.request.on_progress) {
      it->second.request.on_progress(line);
    }
  };
  handlers.on_end = [this, number](JobEnd end) { ended(number, std::move(end)); };
  try {
    running.child = std::make_unique<ChildJob>(loop_, program_, arguments, std::move(handlers));
  } catch (const Error& error) {
    JobEnd end;
    end.status = error.exit_status();
    end.reported = true;
    end.report = {{"error", problem_json(error)}};
    loop_.call_after(milliseconds(0), [this, number, end = std::move(end)] { ended(number, end); });
  }
}

void JobRunner::ended(std::uint64_t number, JobEnd end) {
  const auto it = running_.find(number);
  if (it == running_.end()) return;
  // The child is the caller: it goes when nothing of it runs any more.
  const std::shared_ptr<ChildJob> child = std::move(it->second.child);
  loop_.call_after(milliseconds(0), [child] {});
  JobRequest request = std::move(it->second.request);
  running_.erase(it);
  if (holder_ == number) holder_ = 0;
  if (end.status == kBusy && request.holds_home && !is_stopping_) {
    const std::function<void(bool)> on_wait = request.on_wait;
    waiting_.emplace_front(number, std::move(request));
    again_ = loop_.call_after(kAgain, [this] {
      again_ = 0;
      next();
    });
    // It may take it back.
    if (on_wait) on_wait(true);
    return;
  }
  if (request.on_end) request.on_end(std::move(end));
  next();
}

void JobRunner::stop(std::uint64_t job) {
  if (const auto it = running_.find(job); it != running_.end()) {
    if (it->second.child) it->second.child->stop();
    return;
  }
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    if (it->first != job) continue;
    const JobRequest request = std::move(it->second);
    waiting_.erase(it);
    if (request.on_end) request.on_end({.status = kStopped, .reported = false, .report = {}});
    return;
  }
}

bool JobRunner::take_back(std::uint64_t job) {
  return std::erase_if(waiting_, [&](const auto& one) { return one.first == job; }) != 0;
}

void JobRunner::stop_all() {
  is_stopping_ = true;
  waiting_.clear();
  for (auto& [number, running] : running_) {
    if (running.child) running.child->stop();
  }
}

}  // namespace courier
