// ChildJob: one piece of work as a process of its own: this same program with --events, which tells
// its progress line by line and at last its report. It has the null device as its input, none of
// the console's descriptors, and words that no shell has seen.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "console/event_loop.h"
#include "console/json.h"

namespace courier {

// How a child ended.
struct JobEnd {
  int status = 1;            // of the command; 128 and a signal's number, when one ended it
  bool reported = false;     // false: it ended without a report, as when it was killed
  bool is_too_long = false;  // it wrote a line longer than any that is read, such as a long report
  Json report = Json::object();
};

class ChildJob {
 public:
  struct Handlers {
    std::function<void(const Json&)> on_progress;  // one "progress" line
    std::function<void(JobEnd)> on_end;            // once; it may destroy the job
  };

  // Starts program with these arguments. Errors: device, when no process can be started.
  ChildJob(EventLoop& loop, const std::string& program, const std::vector<std::string>& arguments,
           Handlers handlers);
  // Ends the child at once if it has not ended: whatever it was at is as after a power cut.
  ~ChildJob();
  ChildJob(const ChildJob&) = delete;
  ChildJob& operator=(const ChildJob&) = delete;

  // Tells it to stop at the next step, as Ctrl-C does.
  void stop();
  pid_t pid() const { return pid_; }

 private:
  bool read_lines();  // whether there may be more at once
  void take_line(std::string_view line);
  void end();

  EventLoop& loop_;
  Handlers handlers_;
  pid_t pid_ = -1;
  Fd output_, handle_;  // handle: a pidfd
  std::string pending_;
  bool is_too_long_ = false;  // the line under way: dropped
  JobEnd end_;
};

}  // namespace courier
