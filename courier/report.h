// Report: what a command has to say, once as a JSON document and once as text for people. The facts
// are the same.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/counted.h"
#include "base/error.h"

namespace courier {

using Json = nlohmann::ordered_json;

struct Report {
  Json json = Json::object();
  std::string text;              // whole lines
  std::optional<Error> problem;  // not all was done: its exit status and message, after the facts
  int signal = 0;                // told to end by it, which is the problem and the exit status
};

// 0 when there is no problem; 128 and the number of the signal that ended it.
int exit_status(const Report& report);
// The problem as the object that --json prints under "error".
Json problem_json(const Report& report);

// For JSON: ISO 8601 UTC, or null.
Json json_time(const std::optional<Time>& time);
// For people: local with zone, or "-".
std::string shown_time(const std::optional<Time>& time);
// For JSON text from outside: valid UTF-8 as it is, anything else escaped.
Json json_text(std::string_view raw);
// A name or path of a file as one[key]. When it is not valid UTF-8, one[key + "_bytes"] has its
// bytes in hexadecimal: the escaped text alone could be another file's name.
void put_name(Json& one, const std::string& key, std::string_view raw);

// The error as the object that --json prints under "error".
Json error_json(const Error& error);
// Three lines: what happened, whether anything was lost, what to do now.
std::string error_text(const Error& error);

// Text from outside made safe for a terminal: control characters and invalid bytes as \xNN,
// backslashes as they are.
std::string printable(std::string_view raw);

}  // namespace courier
