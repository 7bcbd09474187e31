#include "courier/drive_watch.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <optional>
#include <set>

#include "courier/advice.h"
#include "courier/drive_source.h"
#include "courier/receive_run.h"
#include "courier/stop_signals.h"
#include "courier/terminal.h"
#include "ledger/settings.h"
#include "media/drive_monitor.h"
#include "media/drives.h"

namespace courier {
namespace {

constexpr std::chrono::seconds kAgain{5};  // when another courier works on the home

// What became of a drive, also as the status of the process that looked at it.
enum class Outcome { unseen, busy, waits_for_mount, done };

void say(Context& context, Journal& journal, const Drive& drive, Report report) {
  const std::string name = "drive " + escaped(drive.node);
  journal.write(Component::despooler, report.problem ? Severity::error : Severity::info,
                report.problem ? name + ": " + report.problem->what() : name + " was looked at",
                {{"device", drive.usb}});
  Json json = {{"drive", json_text(drive.node)},
               {"usb", drive.usb.empty() ? Json() : json_text(drive.usb)}};
  json.update(report.json);
  report.json = std::move(json);
  const std::string whose = drive.usb.empty() ? "" : ", " + drive.usb;
  if (!report.text.empty()) report.text = printable(name + whose) + "\n" + report.text;
  context.show(report);
}

// One look at a drive, in a process of its own.
class DriveLook {
 public:
  DriveLook(Context& context, const WatchOptions& options) : context_(context), options_(options) {}

  // What was said before is not said again.
  Outcome run(const Drive& drive, Outcome before) {
    Report report;
    Outcome outcome = Outcome::done;
    try {
      take(drive, report);
    } catch (const Error& error) {
      report.problem = error;
      if (is_waiting_for_mount_) outcome = Outcome::waits_for_mount;
      if (error.code() == ErrorCode::busy) outcome = Outcome::busy;
    } catch (const Interrupted&) {
      return Outcome::done;  // at a question: the watch ends, and says so
    } catch (const std::exception& error) {
      report.problem = Error(ErrorCode::internal, "drive " + escaped(drive.node), error.what());
    }
    if (outcome == Outcome::done || outcome != before) {
      say(context_, context_.home().journal(), drive, std::move(report));
    }
    return outcome;
  }

 private:
  // Errors: whatever keeps it from being looked at.
  void take(const Drive& drive, Report& report) {
    // Nothing that the process before has open of the ledger is used in this one.
    Home home(context_.fs, context_.clock, context_.entropy, context_.home_path);
    DriveSource source(context_.fs, context_.home_path, drive,
                       UsbGate(Settings(home.ledger()).get("gate.allow")));
    // Before anything is mounted: what another courier holds up is not mounted meanwhile.
    home.lock("receive --watch");
    try {
      source.open();
    } catch (Error& error) {
      is_waiting_for_mount_ = source.waits_for_mount();
      if (is_waiting_for_mount_) {
        error.with_hint(is_mountable(drive.file_system)
                            ? "mount it, and it is looked at at once; or let root run the watch"
                            : "mount it, and it is looked at at once");
      }
      throw;
    }
    context_.unlock(home);
    report = look_into(home, source);
    source.close(report);
  }

  Report look_into(Home& home, DriveSource& source) {
    Settings settings(home.ledger());
    const bool takes_in = options_.takes_in || settings.get("kiosk.auto-receive") == "on";
    if (!takes_in && !can_ask()) {
      Report report = identified(context_.fs, source.source(),
                                 IdentifyHome{home.keys(), home.trust(), home.ledger()});
      if (!report.problem) {
        report.text += "nothing was taken in: --yes, or '" +
                       advised("courier site set kiosk.auto-receive=on") +
                       "', lets a watch do it\n";
      }
      return report;
    }
    ReceiveOptions receive;
    receive.progress = context_.progress;
    if (!takes_in) receive.accept = asking(context_);
    receive.return_to =
        options_.return_to.empty() ? settings.get("kiosk.return-to") : options_.return_to;
    if (receive.return_to == kSameMedium) {
      receive.return_to = source.return_to();
      receive.before_return = [&source] { source.make_writable(); };
    }
    return received(home, source.source(), receive);
  }

  Context& context_;
  const WatchOptions& options_;
  bool is_waiting_for_mount_ = false;
};

class DriveWatch {
 public:
  DriveWatch(Context& context, const WatchOptions& options)
      : context_(context), options_(options), monitor_(context.fs) {}

  Report run() {
    context_.talk("watching for drives; Ctrl-C ends it\n");
    while (!stop_.came()) {
      look();
      if (stop_.came()) break;
      const auto most = is_busy_ ? std::optional<std::chrono::milliseconds>(kAgain) : std::nullopt;
      const auto removed = monitor_.wait(stop_.fd(), most);
      for (const std::string& folder : removed.value_or(std::vector<std::string>())) {
        std::erase_if(seen_, [&](const auto& one) { return one.first.first == folder; });
      }
    }
    Report report;
    report.json = {{"drives", looked_at_}};
    report.text = fmt::format("the watch has ended: {} looked at\n",
                              counted(looked_at_, "drive was", "drives were"));
    return report;
  }

 private:
  using Key = std::pair<std::string, std::string>;  // its folder in /sys, and which medium in it

  void look() {
    is_busy_ = false;
    std::set<Key> there;
    for (const Drive& drive : list_drives(context_.fs)) {
      if (!drive.is_settled) continue;  // udev tells when it is
      const Key key{drive.folder, drive.sequence};
      there.insert(key);
      const bool is_new = !seen_.contains(key);
      Outcome& outcome = seen_.try_emplace(key, Outcome::unseen).first->second;
      if (is_new && holds_home(context_.fs, context_.home_path, drive)) {
        outcome = Outcome::done;
        context_.talk(printable("drive " + drive.node + " holds this home: it is not looked at") +
                      "\n");
      }
      if (outcome == Outcome::done || stop_.came()) continue;
      outcome = look_at(drive, outcome);
      is_busy_ = is_busy_ || outcome == Outcome::busy;
      if (outcome == Outcome::done) ++looked_at_;
    }
    std::erase_if(seen_, [&](const auto& one) { return !there.contains(one.first); });
  }

  Outcome look_at(const Drive& drive, Outcome before) {
    const pid_t child = ::fork();
    if (child < 0) throw system_error(errno, "watch for drives", "cannot start a process");
    if (child == 0) ::_exit(static_cast<int>(DriveLook(context_, options_).run(drive, before)));
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) <= static_cast<int>(Outcome::done)) {
      return static_cast<Outcome>(WEXITSTATUS(status));
    }
    Report report;
    report.problem =
        Error(ErrorCode::internal, "drive " + escaped(drive.node),
              fmt::format("the process that looked at it was ended ({})",
                          WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                                              : fmt::format("status {}", WEXITSTATUS(status))))
            .with_loss("nothing was lost: what came in is kept")
            .with_hint("take the drive out and put it in again");
    say(context_, context_.home().journal(), drive, std::move(report));
    return Outcome::done;
  }

  Context& context_;
  const WatchOptions& options_;
  StopSignals stop_;
  DriveMonitor monitor_;
  std::map<Key, Outcome> seen_;
  bool is_busy_ = false;
  std::uint64_t looked_at_ = 0;
};

}  // namespace

Report watch_drives(Context& context, const WatchOptions& options) {
  return DriveWatch(context, options).run();
}

}  // namespace courier
