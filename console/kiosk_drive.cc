#include "console/kiosk_drive.h"

#include <algorithm>
#include <array>

namespace courier {
namespace {

constexpr std::array<std::string_view, 10> kStates = {"reading", "empty",  "foreign", "refused",
                                                      "offer",   "taking", "waiting", "done",
                                                      "problem", "gone"};
constexpr std::array<std::string_view, 6> kActions = {"take",  "again",  "repair",
                                                      "eject", "return", "dismiss"};

}  // namespace

std::string_view word(DriveState state) { return kStates[static_cast<std::size_t>(state)]; }
std::string_view word(DriveAction action) { return kActions[static_cast<std::size_t>(action)]; }

std::optional<DriveAction> parse_drive_action(std::string_view text) {
  const auto it = std::ranges::find(kActions, text);
  if (it == kActions.end()) return std::nullopt;
  return static_cast<DriveAction>(it - kActions.begin());
}

std::vector<DriveAction> KioskDrive::actions() const {
  if (state == DriveState::reading || state == DriveState::taking) return {};
  if (!is_there) return {DriveAction::dismiss};
  std::vector<DriveAction> allowed;
  if (state == DriveState::offer) allowed.push_back(DriveAction::take);
  if (state == DriveState::problem) {
    // What came is kept, and the same again reads what is still missing, and repairs what it can.
    const bool is_damage = problem && text_at(*problem, "code") == "damaged";
    if (was_taken) allowed.push_back(is_damage ? DriveAction::repair : DriveAction::take);
  }
  allowed.push_back(DriveAction::again);
  if (!drive.read_only && state != DriveState::refused) allowed.push_back(DriveAction::return_);
  if (!drive.node.empty()) allowed.push_back(DriveAction::eject);
  allowed.push_back(DriveAction::dismiss);
  return allowed;
}

Json KioskDrive::json() const {
  Json words = Json::array();
  for (const DriveAction action : actions()) words.push_back(word(action));
  Json view = {{"id", id},
               {"name", drive.name},
               {"kind", drive.kind},
               {"read_only", drive.read_only},
               {"present", is_there},
               {"state", word(state)},
               {"resumed", resumed},
               {"has_news", is_there && has_news},
               {"offers", offers},
               {"progress", progress},
               {"needs", needs},
               {"result", result ? *result : Json()},
               {"problem", problem ? *problem : Json()},
               {"actions", words},
               {"command", command.empty() ? Json() : Json(command)}};
  if (problem) {
    words.push_back("details");
    view["problem"]["actions"] = std::move(words);
  }
  return view;
}

}  // namespace courier
