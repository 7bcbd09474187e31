// JobRunner: the work that the console has under way. What looks runs at once; what holds the home
// (`receive`, `parcel create`) waits for its turn, one after another, and again while another
// courier holds it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "console/child_job.h"
#include "console/event_loop.h"
#include "console/json.h"

namespace courier {

struct JobRequest {
  std::vector<std::string> command;  // {"receive", "--yes", "--", "/media/usb"}
  bool holds_home = false;
  std::function<void(const Json&)> on_progress;  // absent: nobody asks
  // It waits: for other work here (false), or for another courier (true).
  std::function<void(bool)> on_wait;
  std::function<void(JobEnd)> on_end;
};

class JobRunner {
 public:
  // global: what goes before each command: {"--home", "/var/lib/courier"}.
  JobRunner(EventLoop& loop, std::string program, std::vector<std::string> global)
      : loop_(loop), program_(std::move(program)), global_(std::move(global)) {}
  ~JobRunner();

  // Returns its number, from 1. What cannot be started ends with status 11, later.
  std::uint64_t start(JobRequest request);
  // Tells it to stop; one that waits ends at once, with status 143. Of one that is over: nothing.
  void stop(std::uint64_t job);
  // Of one that waits: it never runs, and its end is not told. Returns whether it waited.
  bool take_back(std::uint64_t job);
  // From here on nothing is started.
  void stop_all();
  bool is_idle() const { return running_.empty() && waiting_.empty(); }
  // As a person would type it.
  static std::string shown(const std::vector<std::string>& command);
  // The same, with the home that it works on.
  std::string typed(const std::vector<std::string>& command) const;

 private:
  struct Running {
    JobRequest request;
    std::unique_ptr<ChildJob> child;
  };

  void launch(std::uint64_t number, JobRequest request);
  void ended(std::uint64_t number, JobEnd end);
  void next();

  EventLoop& loop_;
  const std::string program_;
  const std::vector<std::string> global_;
  std::map<std::uint64_t, Running> running_;
  std::deque<std::pair<std::uint64_t, JobRequest>> waiting_;
  std::uint64_t last_ = 0, holder_ = 0;  // holder: the job that holds the home; 0: none
  std::uint64_t again_ = 0;              // the timer that tries the first one again
  bool is_stopping_ = false;
};

}  // namespace courier
