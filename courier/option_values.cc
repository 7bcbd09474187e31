#include "courier/option_values.h"

#include "base/error.h"

namespace courier {

Priority priority_from(const std::string& text) {
  const std::optional<Priority> priority = parse_priority(text);
  if (!priority) {
    throw Error(ErrorCode::usage, "priority " + text, "is none of high, medium, low")
        .with_hint("give one of them, such as high");
  }
  return *priority;
}

Level level_from(const std::string& text) {
  const std::optional<Level> level = parse_level(text);
  if (!level) {
    throw Error(ErrorCode::usage, "level " + text, "is none of fast, default, small")
        .with_hint("give one of them, such as small");
  }
  return *level;
}

bool on_or_off(const std::string& text, const std::string& option) {
  if (text == "on") return true;
  if (text == "off") return false;
  throw Error(ErrorCode::usage, option + " " + text, "is neither on nor off")
      .with_hint("give " + option + " on or " + option + " off");
}

}  // namespace courier
