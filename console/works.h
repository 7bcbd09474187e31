// Works: commands that the operator starts from the site's own page: of a fixed list, with
// arguments that the program itself checks. Each runs as any other child; the last of them are kept
// for the page, and go with the process.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "console/job_runner.h"

namespace courier {

// The words of a work as a request has them: {"command": ["parcel", "create", "--to", "PSE"]}.
// Errors: usage, for what is no list of words, is not on the list, or names a global option.
std::vector<std::string> work_command(const Json& body);
// Whether it holds the home. Precondition: work_command gave it.
bool work_holds_home(const std::vector<std::string>& command);

class Works {
 public:
  static constexpr std::size_t kMostKept = 50, kMostUnderWay = 8;
  static_assert(kMostUnderWay < kMostKept);

  Works(JobRunner& jobs, const Clock& clock, std::function<void()> changed)
      : jobs_(jobs), clock_(clock), changed_(std::move(changed)) {}

  // Returns its number. Errors: busy, when too many are under way.
  std::uint64_t start(std::vector<std::string> command);
  // Errors: not_found; not_allowed, when it has ended.
  void stop(std::uint64_t work);
  // Newest first. with_reports: what they reported, too.
  Json list() const;
  Json one(std::uint64_t work) const;  // Errors: not_found

 private:
  struct Work {
    std::uint64_t number = 0, job = 0;
    std::string command;
    std::string state = "running";  // "waiting", "running", "done"
    Time started;
    std::optional<Time> ended;
    int status = 0;
    Json progress, report;
  };

  Work* find(std::uint64_t work);
  static Json brief(const Work& work);

  JobRunner& jobs_;
  const Clock& clock_;
  const std::function<void()> changed_;
  std::deque<Work> works_;  // newest first
  std::uint64_t last_ = 0;
};

}  // namespace courier
