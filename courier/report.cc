#include "courier/report.h"

#include "base/bytes.h"
#include "base/utf8.h"
#include "courier/advice.h"

namespace courier {

Json json_time(const std::optional<Time>& time) { return time ? Json(iso8601(*time)) : Json(); }

std::string shown_time(const std::optional<Time>& time) { return time ? local_time(*time) : "-"; }

std::string printable(std::string_view raw) {
  std::string shown;
  for (std::size_t begin = 0;;) {
    const std::size_t end = raw.find('\\', begin);
    shown += escaped(raw.substr(begin, end - begin));
    if (end == std::string_view::npos) return shown;
    shown += '\\';
    begin = end + 1;
  }
}

Json json_text(std::string_view raw) {
  std::string text(raw);
  try {
    static_cast<void>(Json(text).dump());
    return text;
  } catch (const Json::type_error&) {
    return escaped(raw);
  }
}

void put_name(Json& one, const std::string& key, std::string_view raw) {
  one[key] = json_text(raw);
  if (!is_valid_utf8(raw)) one[key + "_bytes"] = to_hex(as_bytes(raw));
}

Json error_json(const Error& error) {
  return {{"code", row_of(error.code()).name},       {"exit_status", error.exit_status()},
          {"message", json_text(error.what())},      {"subject", json_text(error.subject())},
          {"happened", json_text(error.happened())}, {"loss", json_text(error.loss())},
          {"hint", json_text(advised(error.hint()))}};
}

int exit_status(const Report& report) {
  if (report.signal != 0) return 128 + report.signal;
  return report.problem ? report.problem->exit_status() : 0;
}

Json problem_json(const Report& report) {
  Json json = error_json(*report.problem);
  if (report.signal != 0) {
    json["code"] = "interrupted";
    json["exit_status"] = exit_status(report);
  }
  return json;
}

std::string error_text(const Error& error) {
  std::string text;
  for (const std::string& line : {std::string(error.what()), error.loss(), advised(error.hint())}) {
    if (!line.empty()) text += printable(line) + "\n";
  }
  return text;
}

}  // namespace courier
