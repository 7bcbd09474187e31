#include "console/kiosk.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "console/report_view.h"

namespace courier {
namespace {

// As `site show --settings` and `receive --return-to` name it.
constexpr std::string_view kSameMediumSetting = "same medium", kSameMediumOption = "same-medium";

DriveState state_of(Found found) {
  switch (found) {
    case Found::empty:
      return DriveState::empty;
    case Found::foreign:
      return DriveState::foreign;
    case Found::refused:
      return DriveState::refused;
    case Found::offer:
      return DriveState::offer;
    case Found::problem:
      break;
  }
  return DriveState::problem;
}

// What came of it, whatever is done beside.
DriveState state_of(const KioskDrive& drive) {
  return drive.before ? drive.before->state : drive.state;
}

Json gone_problem(std::string_view hint) {
  return problem_json(Error(ErrorCode::device, "drive", "was taken out before it was done")
                          .with_loss("nothing was lost: what came in is kept")
                          .with_hint(std::string(hint)));
}
constexpr std::string_view kGoesOn = "put it in again: it goes on where it was";
constexpr std::string_view kPressAgain = "put it in again, and press again";

bool brings(const Json& offers, const std::string& parcel) {
  return std::ranges::any_of(offers,
                             [&](const Json& offer) { return text_at(offer, "parcel") == parcel; });
}

// What brings the same, at least in part.
bool is_like(const KioskDrive& one, const KioskDrive& other) {
  return std::ranges::any_of(one.offers, [&](const Json& offer) {
    return brings(other.offers, text_at(offer, "parcel"));
  });
}

// What brings all that the other does.
bool covers(const KioskDrive& one, const KioskDrive& other) {
  return std::ranges::all_of(other.offers, [&](const Json& offer) {
    return brings(one.offers, text_at(offer, "parcel"));
  });
}

// Whether a volume that is asked for is on the drive itself: it was not read to its end.
bool needs_itself(const KioskDrive& drive) {
  return std::ranges::any_of(drive.needs, [&](const Json& need) {
    return std::ranges::any_of(drive.offers, [&](const Json& offer) {
      const Json& here = list_at(offer, "volumes_here");
      return text_at(offer, "parcel") == text_at(need, "parcel") &&
             std::ranges::find(here, need["volume"]) != here.end();
    });
  });
}

bool needs_parcel(const KioskDrive& drive, const Json& offers) {
  return std::ranges::any_of(
      drive.needs, [&](const Json& need) { return brings(offers, text_at(need, "parcel")); });
}

}  // namespace

void Kiosk::set_present(const std::vector<PresentDrive>& present) {
  const auto is_present = [&](const std::string& key) {
    return std::ranges::any_of(present, [&](const PresentDrive& one) { return one.key == key; });
  };
  std::erase_if(dismissed_, [&](const auto& one) { return !is_present(one.first); });
  for (auto it = drives_.begin(); it != drives_.end();) {
    KioskDrive& drive = *it++;
    if (drive.is_there && !is_present(drive.drive.key)) taken_out(drive);
  }
  for (const PresentDrive& one : present) {
    const auto dismissed = dismissed_.find(one.key);
    if (dismissed != dismissed_.end() && dismissed->second == one.changes) continue;
    const auto known = std::ranges::find_if(drives_, [&](const KioskDrive& drive) {
      return drive.is_there && drive.drive.key == one.key;
    });
    if (known != drives_.end()) {
      known->drive.read_only = one.read_only;
      known->drive.changes = one.changes;
      look_if_changed(*known);
      continue;
    }
    // What was said of the one before has been read.
    std::erase_if(drives_, [&](const KioskDrive& drive) {
      return !drive.is_there && drive.job == 0 && drive.state != DriveState::waiting;
    });
    KioskDrive& drive = drives_.emplace_back();
    drive.id = "d" + std::to_string(++last_);
    drive.drive = one;
    drive.drive.name = shown_text(one.name);
    look(drive);
  }
  tell();
}

void Kiosk::tell() {
  for (KioskDrive& drive : drives_) {
    if (drive.problem && !drive.problem->contains("time")) {
      (*drive.problem)["time"] = iso8601(clock_.now());
    }
  }
  changed_();
}

bool Kiosk::goes_when_out(const KioskDrive& drive) const {
  if (drive.job != 0 || drive.state == DriveState::waiting) return false;
  // What came of it is still to be read once it was ejected.
  const bool tells = drive.state == DriveState::done || drive.state == DriveState::problem;
  return !(tells && drive.result && flag_at(*drive.result, "ejected"));
}

void Kiosk::taken_out(KioskDrive& drive) {
  drive.is_there = false;
  // What was pressed is not done with the next one that is at the same place.
  if (jobs_.take_back(drive.job)) return taken_back(drive);
  if (goes_when_out(drive)) forget(drive.id);
}

void Kiosk::taken_back(KioskDrive& drive) {
  drive.job = 0;
  drive.progress = Json();
  if (drive.before) {
    bring_back(drive);
    if (goes_when_out(drive)) forget(drive.id);
    return;
  }
  drive.state = DriveState::gone;
  drive.problem = gone_problem(kPressAgain);
}

void Kiosk::forget(const std::string& id) {
  drives_.remove_if([&](const KioskDrive& drive) { return drive.id == id; });
}

KioskDrive& Kiosk::find(const std::string& id) {
  for (KioskDrive& drive : drives_) {
    if (drive.id == id) return drive;
  }
  throw Error(ErrorCode::not_found, "drive " + shown_text(id), "is not there")
      .with_hint("put it in again");
}

void Kiosk::act(const std::string& id, DriveAction action) {
  KioskDrive& drive = find(id);
  const std::vector<DriveAction> allowed = drive.actions();
  if (std::ranges::find(allowed, action) == allowed.end()) {
    throw Error(ErrorCode::not_allowed, "drive " + drive.drive.name,
                "does not offer this now: it is '" + std::string(word(drive.state)) + "'")
        .with_hint("see what the page offers now");
  }
  switch (action) {
    case DriveAction::take:
    case DriveAction::repair:
      take(drive);
      break;
    case DriveAction::again:
      look(drive);
      break;
    case DriveAction::eject:
      eject(drive);
      break;
    case DriveAction::return_:
      write_return(drive);
      break;
    case DriveAction::dismiss:
      if (drive.is_there && drive.has_news) {
        look(drive);
        break;
      }
      if (drive.is_there) dismissed_[drive.drive.key] = drive.drive.changes;
      forget(id);
      break;
  }
  tell();
}

void Kiosk::start(KioskDrive& drive, std::vector<std::string> command, bool holds_home,
                  Ended ended) {
  // By its id: it may be forgotten meanwhile.
  const auto with_drive = [this, id = drive.id](auto&& work) {
    for (KioskDrive& one : drives_) {
      if (one.id != id) continue;
      work(one);
      tell();
      return;
    }
  };
  JobRequest request;
  request.command = std::move(command);
  request.holds_home = holds_home;
  request.on_progress = [this, with_drive](const Json& line) {
    with_drive([&](KioskDrive& one) { show_progress(one, line); });
  };
  request.on_wait = [this, with_drive](bool for_another) {
    with_drive([&](KioskDrive& one) {
      one.progress = {{"phase", for_another ? "busy" : "queued"}, {"share", 0}};
      if (!one.is_there && jobs_.take_back(one.job)) taken_back(one);
    });
  };
  request.on_end = [this, with_drive, ended](const JobEnd& end) {
    with_drive([&](KioskDrive& one) {
      one.job = 0;
      one.progress = Json();
      (this->*ended)(one, end);
    });
    with_drive([this](KioskDrive& one) {
      // What came of it stays on the screen until somebody has seen it, where there is somebody.
      const bool is_told = one.state == DriveState::done || one.state == DriveState::problem;
      if (one.was_taken && is_told && !takes_in_ && one.looked_at != one.drive.changes) {
        one.looked_at = one.drive.changes;
        one.has_news = true;
      }
      look_if_changed(one);
    });
  };
  drive.job = jobs_.start(std::move(request));
}

void Kiosk::show_progress(KioskDrive& drive, const Json& line) {
  Json progress = progress_view(line);
  if (!progress["seconds_left"].is_null()) {
    const std::chrono::seconds left(progress["seconds_left"].get<std::int64_t>());
    progress["until"] = iso8601(clock_.now() + left);
  }
  drive.progress = std::move(progress);
}

// What is under way is not disturbed: it is looked at when that is done.
void Kiosk::look_if_changed(KioskDrive& drive) {
  if (drive.is_there && drive.job == 0 && drive.looked_at != drive.drive.changes) look(drive);
}

void Kiosk::look(KioskDrive& drive) {
  drive.state = DriveState::reading;
  drive.looked_at = drive.drive.changes;
  drive.has_news = false;
  drive.resumed = drive.was_taken = false;
  drive.before.reset();
  drive.offers = drive.needs = Json::array();
  drive.result.reset();
  drive.problem.reset();
  drive.command.clear();
  start(drive, {"site", "show", "--settings"}, false, &Kiosk::know_settings);
}

void Kiosk::know_settings(KioskDrive& drive, const JobEnd& end) {
  for (const Json& setting : list_at(end.report, "settings")) {
    const std::string name = text_at(setting, "name");
    if (name == "kiosk.auto-receive") takes_in_ = text_at(setting, "value") == "on";
    if (name == "kiosk.return-to") return_to_ = text_at(setting, "value");
  }
  start(drive, {"identify", "--", drive.drive.source}, false, &Kiosk::looked);
}

void Kiosk::looked(KioskDrive& drive, const JobEnd& end) {
  if (!drive.is_there) return forget(drive.id);
  if (!end.reported) {
    drive.state = DriveState::problem;
    drive.problem = ended_problem(end.status, end.is_too_long);
    return;
  }
  Look look = look_of(end.report, end.status);
  drive.state = state_of(look.found);
  drive.offers = std::move(look.offers);
  drive.problem = std::move(look.problem);
  if (drive.state != DriveState::offer) return;
  // Another drive may bring the same parcel just now: it is no power cut then.
  const bool is_under_way = std::ranges::any_of(drives_, [&](const KioskDrive& other) {
    return other.id != drive.id && state_of(other) == DriveState::taking && is_like(other, drive);
  });
  if (look.goes_on && !is_under_way) {
    drive.resumed = look.was_cut_off;
    take(drive);
  } else if (takes_in_) {
    take(drive);
  }
}

void Kiosk::take(KioskDrive& drive) {
  // What it was taken out of, or what was said of it, is over.
  drives_.remove_if([&](const KioskDrive& other) {
    return other.state == DriveState::gone && is_like(other, drive);
  });
  drive.state = DriveState::taking;
  drive.was_taken = true;
  drive.before.reset();
  drive.needs = Json::array();
  drive.result.reset();
  drive.problem.reset();
  std::vector<std::string> command = {"receive", "--yes"};
  const bool is_same = return_to_.empty() || return_to_ == kSameMediumSetting;
  if (!is_same) command.push_back("--return-to=" + return_to_);
  if (is_same && !drive.drive.read_only) {
    command.push_back("--return-to=" + std::string(kSameMediumOption));
  }
  command.insert(command.end(), {"--", drive.drive.source});
  drive.command = jobs_.typed(command);
  start(drive, std::move(command), true, &Kiosk::taken);
}

void Kiosk::taken(KioskDrive& drive, const JobEnd& end) {
  if (end.reported) {
    know_taken(drive, end);
  } else {
    drive.state = DriveState::problem;
    drive.problem = ended_problem(end.status, end.is_too_long);
  }
  if (!drive.is_there) taken_while_out(drive);
}

void Kiosk::know_taken(KioskDrive& drive, const JobEnd& end) {
  Taken taken = taken_of(end.report, end.status);
  drive.state = taken.came == Came::done      ? DriveState::done
                : taken.came == Came::waiting ? DriveState::waiting
                                              : DriveState::problem;
  drive.result = std::move(taken.result);
  const bool is_same = return_to_.empty() || return_to_ == kSameMediumSetting;
  for (Json& one : (*drive.result)["returns"]) {
    one["on_this_drive"] = is_same && flag_at(one, "on_this_drive");
  }
  name_items(*drive.result, drive.offers);
  drive.needs = std::move(taken.needs);
  drive.problem = std::move(taken.problem);
  if (!drive.is_there && (drive.state == DriveState::problem || needs_itself(drive))) {
    drive.state = DriveState::gone;
    drive.problem = gone_problem(kGoesOn);
    drive.needs = Json::array();
  }
  // What was asked for with a drive that is out is known better now.
  drives_.remove_if([&](const KioskDrive& other) {
    return other.id != drive.id && !other.is_there && other.state == DriveState::waiting &&
           needs_parcel(other, drive.offers);
  });
}

// No two cards contradict each other: it may be in again already, as another one.
void Kiosk::taken_while_out(KioskDrive& drive) {
  for (KioskDrive& other : drives_) {
    if (other.state == DriveState::offer && is_like(other, drive)) look(other);
  }
  const bool is_told = std::ranges::any_of(drives_, [&](const KioskDrive& other) {
    const DriveState state = state_of(other);
    return other.id != drive.id && other.is_there && covers(other, drive) &&
           (state == DriveState::taking || state == DriveState::done);
  });
  if (is_told && drive.state != DriveState::waiting) forget(drive.id);
}

void Kiosk::put_aside(KioskDrive& drive) {
  if (!drive.before) drive.before = KioskDrive::Before{drive.state, drive.problem};
  drive.state = DriveState::taking;
  drive.problem.reset();
}

void Kiosk::bring_back(KioskDrive& drive) {
  drive.state = drive.before->state;
  drive.problem = std::move(drive.before->problem);
  drive.before.reset();
}

// Whether what was asked for is done.
bool Kiosk::put_back(KioskDrive& drive, const JobEnd& end) {
  drive.problem = end.reported ? problem_of(end.report, end.status)
                               : ended_problem(end.status, end.is_too_long);
  drive.state = DriveState::problem;
  if (drive.problem) return false;
  bring_back(drive);
  if (!drive.result) drive.result = Json::object();
  (*drive.result)["safe_to_remove"] = true;
  return true;
}

void Kiosk::eject(KioskDrive& drive) {
  put_aside(drive);
  drive.progress = {{"phase", "ejecting"}, {"share", 0}};
  drive.command = jobs_.typed({"media", "eject", drive.drive.node});
  start(drive, {"media", "eject", "--", drive.drive.node}, false, &Kiosk::ejected);
}

void Kiosk::ejected(KioskDrive& drive, const JobEnd& end) {
  if (!put_back(drive, end)) return;
  (*drive.result)["ejected"] = true;
  if (!drive.is_there && goes_when_out(drive)) forget(drive.id);
}

void Kiosk::write_return(KioskDrive& drive) {
  put_aside(drive);
  drive.command = jobs_.typed({"return", "create", "--out", drive.drive.source});
  start(drive, {"return", "create", "--out=" + drive.drive.source}, true, &Kiosk::returned);
}

void Kiosk::returned(KioskDrive& drive, const JobEnd& end) {
  if (put_back(drive, end)) {
    (*drive.result)["returns"] = taken_of(end.report, end.status).result["returns"];
    if (!drive.is_there && goes_when_out(drive)) forget(drive.id);
    return;
  }
  if (drive.result) (*drive.result)["safe_to_remove"] = false;
  if (drive.is_there) return;
  drive.state = DriveState::gone;
  drive.problem = gone_problem(kPressAgain);
}

bool Kiosk::shows(const std::string& parcel) const {
  return std::ranges::any_of(drives_, [&](const KioskDrive& drive) {
    return std::ranges::any_of(drive.offers, [&](const Json& offer) {
      return flag_at(offer, "for_here") && text_at(offer, "parcel") == parcel;
    });
  });
}

Json Kiosk::json() const {
  Json drives = Json::array();
  for (const KioskDrive& drive : drives_) drives.push_back(drive.json());
  return {{"site", {{"code", site_.code}, {"name", site_.name}}},
          {"version", site_.version},
          {"now", iso8601(clock_.now())},
          {"languages", {"en", "pt-BR", "sv"}},
          {"drives", std::move(drives)}};
}

Json Kiosk::drive_json(const std::string& id) const {
  for (const KioskDrive& drive : drives_) {
    if (drive.id == id) return drive.json();
  }
  return Json();
}

}  // namespace courier
