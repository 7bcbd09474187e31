// What the page shows of the reports of identify and receive: their JSON documents in, those of the
// HTTP API out. Nothing here knows of processes or drives.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "console/json.h"

namespace courier {

// What identify found, in one word.
enum class Found { empty, foreign, refused, offer, problem };

struct Look {
  Found found = Found::empty;
  Json offers = Json::array();
  std::optional<Json> problem;
  // Something on it was partly taken in here before, and what is here goes on with it: after a
  // power cut, or as a volume that is waited for.
  bool goes_on = false;
  bool was_cut_off = false;  // of these: it was under way when the power went, or it was taken out
};

// report: of `identify`, with its exit status.
Look look_of(const Json& report, int status);

enum class Came { done, waiting, problem };

struct Taken {
  Came came = Came::problem;
  Json result = Json::object();
  Json needs = Json::array();
  std::optional<Json> problem;
};

// report: of `receive`.
Taken taken_of(const Json& report, int status);

// Gives the items of a result the names that the offers have for them.
void name_items(Json& result, const Json& offers);

// A progress line of a child: phase, subject, share over all phases, time left; "until" is null.
Json progress_view(const Json& line);

// The "error" of a report for the page; nullopt: it has none.
std::optional<Json> problem_of(const Json& report, int status);
// Of work that ended without a report: as of a bug; or with one that is too long to be read.
Json ended_problem(int status, bool is_too_long);

}  // namespace courier
