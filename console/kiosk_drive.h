// KioskDrive: what the page shows of one drive, from the moment it is put in until it is out and
// nobody needs to be told of it any more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "console/json.h"
#include "console/present_drive.h"

namespace courier {

enum class DriveState {
  reading,  // identify is under way
  empty,    // no parcel on it
  foreign,  // parcels for others, or made here
  refused,  // by the gate, or everything for this site is refused
  offer,    // there is something to be taken in
  taking,   // receive is under way, or waits for its turn
  waiting,  // what came is kept, and another volume is needed
  done,     // all in
  problem,  // something is to be decided
  gone,     // taken out too early
};
std::string_view word(DriveState);

// What a person may have done about a drive.
enum class DriveAction { take, again, repair, eject, return_, dismiss };
std::string_view word(DriveAction);
std::optional<DriveAction> parse_drive_action(std::string_view text);

struct KioskDrive {
  std::string id;  // "d1"
  PresentDrive drive;
  std::uint64_t looked_at = 0;  // drive.changes when it was looked at
  bool has_news = false;        // other content came while it was taken in; not looked at yet
  bool is_there = true;
  DriveState state = DriveState::reading;
  bool resumed = false;    // gone on with by itself
  bool was_taken = false;  // receive ran: what identify found is history
  // What it was when a return or its ejection was asked for, which change nothing of it; kept until
  // that is done, however often it fails.
  struct Before {
    DriveState state;
    std::optional<Json> problem;
  };
  std::optional<Before> before;
  Json offers = Json::array(), needs = Json::array();
  Json progress;  // null: nothing is under way
  std::optional<Json> result, problem;
  std::string command;    // as a person would type it; empty: none was run
  std::uint64_t job = 0;  // of the runner; 0: nothing is under way

  // What may be asked for now.
  std::vector<DriveAction> actions() const;
  Json json() const;
};

}  // namespace courier
