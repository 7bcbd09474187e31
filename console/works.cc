#include "console/works.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "console/report_view.h"

namespace courier {
namespace {

constexpr std::size_t kMostWords = 64, kLongestWord = 4096;
constexpr std::size_t kLargestKept = 256 << 10;  // of a report; fifty of them are kept

struct Allowed {
  std::string_view noun, verb;  // verb empty: the noun alone is the command
  bool holds_home;
};

constexpr std::array kAllowed = {
    Allowed{"parcel", "create", true},  Allowed{"parcel", "pending", false},
    Allowed{"parcel", "mark", false},   Allowed{"parcel", "set", false},
    Allowed{"parcel", "lost", false},   Allowed{"parcel", "discard", true},
    Allowed{"parcel", "verify", false}, Allowed{"media", "write", false},
    Allowed{"media", "verify", false},  Allowed{"media", "tidy", false},
    Allowed{"media", "eject", false},   Allowed{"identify", "", false},
    Allowed{"receive", "", true},       Allowed{"return", "create", true},
    Allowed{"distribute", "", true},    Allowed{"redistribute", "", true},
    Allowed{"retract", "", true},       Allowed{"validate", "", true},
    Allowed{"job", "run", true},        Allowed{"job", "cancel", false},
};

// What says for which home, with which key and in which form is the console's to say; and what
// waits for ever is no work.
constexpr std::array<std::string_view, 12> kNotGiven = {
    "--home",  "--json",    "--events",  "--no-progress", "--passphrase-file", "--passphrase-fd",
    "--quiet", "--verbose", "--version", "--help",        "--watch",           "--help-all"};

Error fault(std::string what) {
  return Error(ErrorCode::usage, "work", std::move(what)).with_hint("see docs/api.md");
}

const Allowed* allowed(const std::vector<std::string>& command) {
  for (const Allowed& one : kAllowed) {
    if (command.empty() || command[0] != one.noun) continue;
    if (one.verb.empty() || (command.size() > 1 && command[1] == one.verb)) return &one;
  }
  return nullptr;
}

bool is_not_given(std::string_view word) {
  // A short option could be one of these, or several in one word.
  if (word.size() > 1 && word[0] == '-' && word[1] != '-') return true;
  const std::string_view name = word.substr(0, word.find('='));
  return std::ranges::find(kNotGiven, name) != kNotGiven.end();
}

}  // namespace

std::vector<std::string> work_command(const Json& body) {
  if (!body.contains("command") || !body["command"].is_array() || body.size() != 1) {
    throw fault("the body has not a 'command' and nothing else");
  }
  std::vector<std::string> command;
  bool is_behind_options = false;
  for (const Json& word : body["command"]) {
    if (!word.is_string()) throw fault("the command is no list of words");
    command.push_back(word.get<std::string>());
    const std::string& text = command.back();
    if (text.size() > kLongestWord || text.find('\0') != std::string::npos) {
      throw fault("a word of the command is too long, or has a zero in it");
    }
    if (!is_behind_options && is_not_given(text))
      throw fault("'" + shown_text(text) + "' is not for works");
    is_behind_options = is_behind_options || text == "--";
  }
  if (command.size() > kMostWords) throw fault("the command has too many words");
  if (allowed(command) == nullptr) throw fault("the command is none that the page may start");
  return command;
}

bool work_holds_home(const std::vector<std::string>& command) {
  const Allowed* const row = allowed(command);
  if (row == nullptr || !row->holds_home) return false;
  const std::array<std::string_view, 2> kOnlyLook = {"--plan", "--receipt"};
  return std::ranges::none_of(command, [&](const std::string& word) {
    return std::ranges::find(kOnlyLook, word) != kOnlyLook.end();
  });
}

std::uint64_t Works::start(std::vector<std::string> command) {
  const auto under_way =
      std::ranges::count_if(works_, [](const Work& work) { return work.state != "done"; });
  if (static_cast<std::size_t>(under_way) >= kMostUnderWay) {
    throw Error(ErrorCode::busy, "work", "enough works are under way")
        .with_hint("wait for one of them");
  }
  Work& work = works_.emplace_front();
  const std::uint64_t number = work.number = ++last_;
  work.command = JobRunner::shown(command);
  work.started = clock_.now();
  JobRequest request;
  request.holds_home = work_holds_home(command);
  request.command = std::move(command);
  request.on_wait = [this, number](bool) {
    if (Work* const one = find(number)) one->state = "waiting";
    changed_();
  };
  request.on_progress = [this, number](const Json& line) {
    Work* const one = find(number);
    if (one == nullptr) return;
    one->state = "running";
    one->progress = progress_view(line);
    changed_();
  };
  request.on_end = [this, number](const JobEnd& end) {
    Work* const one = find(number);
    if (one == nullptr) return;
    one->state = "done";
    one->ended = clock_.now();
    one->status = end.status;
    one->progress = Json();
    one->report = compact(end.report).size() <= kLargestKept
                      ? end.report
                      : Json{{"error", end.report.value("error", Json())}, {"is_too_large", true}};
    if (!end.reported) one->report["error"] = ended_problem(end.status, end.is_too_long);
    changed_();
  };
  const std::uint64_t job = jobs_.start(std::move(request));
  if (Work* const one = find(number)) one->job = job;
  while (works_.size() > kMostKept) {
    const auto oldest = std::find_if(works_.rbegin(), works_.rend(),
                                     [](const Work& one) { return one.state == "done"; });
    works_.erase(std::next(oldest).base());
  }
  changed_();
  return number;
}

Works::Work* Works::find(std::uint64_t work) {
  const auto it = std::ranges::find(works_, work, &Work::number);
  return it == works_.end() ? nullptr : &*it;
}

void Works::stop(std::uint64_t number) {
  const Work* const work = find(number);
  if (work == nullptr) throw Error(ErrorCode::not_found, "work", "is not known");
  if (work->state == "done") throw Error(ErrorCode::not_allowed, "work", "has ended");
  jobs_.stop(work->job);
}

Json Works::brief(const Work& work) {
  return {{"id", work.number},
          {"command", work.command},
          {"state", work.state},
          {"started", iso8601(work.started)},
          {"ended", work.ended ? Json(iso8601(*work.ended)) : Json()},
          {"status", work.state == "done" ? Json(work.status) : Json()},
          {"progress", work.progress},
          {"problem", problem_of(work.report, work.status).value_or(Json())}};
}

Json Works::list() const {
  Json list = Json::array();
  for (const Work& work : works_) list.push_back(brief(work));
  return {{"works", std::move(list)}};
}

Json Works::one(std::uint64_t number) const {
  const auto it = std::ranges::find(works_, number, &Work::number);
  if (it == works_.end()) throw Error(ErrorCode::not_found, "work", "is not known");
  Json work = brief(*it);
  work["report"] = it->report;
  return work;
}

}  // namespace courier
