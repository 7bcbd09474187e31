#include "console/report_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace courier {
namespace {

constexpr int kRefused = 3, kIncomplete = 5, kNotFound = 7;

bool is_for_here(const Json& offer) {
  const std::string verdict = text_at(offer, "verdict");
  return verdict == "genuine" || verdict == "already received" || verdict == "refused" ||
         verdict == "signer not known here";
}

Json item_view(const Json& item) {
  return {{"package", text_at(item, "package")},
          {"name", text_at(item, "name")},
          {"version", number_at(item, "version")},
          {"kind", text_at(item, "kind")},
          {"bytes", number_at(item, "content_bytes")}};
}

Json offer_view(const Json& offer) {
  const std::string verdict = text_at(offer, "verdict");
  const Json& volume = object_at(offer, "volume");
  Json items = Json::array();
  for (const Json& item : list_at(offer, "items")) items.push_back(item_view(item));
  return {{"parcel", text_at(offer, "id")},
          {"from", text_at(offer, "from")},
          {"from_name", text_at(offer, "from_name")},
          {"to", text_at(offer, "to")},
          {"for_here", is_for_here(offer)},
          {"genuine", verdict == "genuine" || verdict == "already received"},
          {"already_in", verdict == "already received"},
          {"verdict", verdict},
          {"reason", text_at(offer, "reason")},
          {"is_return", flag_at(offer, "is_return")},
          {"packages", number_at(offer, "item_count")},
          {"bytes", number_at(offer, "content_bytes")},
          {"created", text_at(offer, "created")},
          {"name", text_at(offer, "name")},
          {"volume", number_at(volume, "number")},
          {"volumes", number_at(volume, "of")},
          {"volumes_here", Json::array({number_at(volume, "number")})},
          {"items", std::move(items)}};
}

// Volumes of one parcel, or copies of it, are one offer.
Json offers_view(const Json& report) {
  Json offers = Json::array();
  std::map<std::string, std::size_t> places;  // by label and verdict
  for (const Json& offer : list_at(report, "parcels")) {
    const std::string label = text_at(offer, "label_digest");
    const auto [it, is_new] = places.emplace(label + text_at(offer, "verdict"), offers.size());
    if (is_new || label.empty()) {
      offers.push_back(offer_view(offer));
      continue;
    }
    Json& here = offers[it->second]["volumes_here"];
    const Json number = number_at(object_at(offer, "volume"), "number");
    if (std::ranges::find(here, number) == here.end()) here.push_back(number);
  }
  return offers;
}

bool goes_on(const Json& offer) {
  const std::string state = text_at(object_at(offer, "here"), "state");
  if (state == "Verifying" || state == "Accepted") return true;
  if (flag_at(object_at(offer, "here"), "cut_off")) return true;
  // A volume that is waited for; one that came already is not read again unasked.
  const Json number = number_at(object_at(offer, "volume"), "number");
  const Json& missing = list_at(object_at(offer, "here"), "missing_volumes");
  return state == "Incomplete" && std::ranges::find(missing, number) != missing.end();
}

struct Counts {
  std::uint64_t installed = 0, stored = 0, refused = 0, damaged = 0, incomplete = 0, waiting = 0;

  void add(const std::string& verdict) {
    if (verdict == "installed" || verdict == "removed") ++installed;
    if (verdict == "stored" || verdict == "superseded" || verdict == "announced") ++stored;
    if (verdict == "refused") ++refused;
    if (verdict == "damaged") ++damaged;
    if (verdict == "incomplete" || verdict == "quarantined") ++incomplete;
    if (verdict == "waiting") ++waiting;
  }
};

Json returns_view(const Json& report) {
  Json returns = Json::array();
  for (const Json& one : list_at(report, "returns")) {
    Json view = {{"id", text_at(one, "id")},
                 {"to", text_at(one, "to")},
                 {"path", text_at(one, "written")},
                 {"on_this_drive", !text_at(one, "written").empty()}};
    if (const auto problem = problem_of(one, 0)) view["problem"] = *problem;
    returns.push_back(std::move(view));
  }
  return returns;
}

// The parcels that returns of other sites confirmed here.
Json confirmed_view(const Json& report) {
  Json confirmed = Json::array();
  for (const Json& applied : list_at(report, "returns_applied")) {
    for (const Json& id : list_at(applied, "confirmed")) confirmed.push_back(id);
  }
  return confirmed;
}

bool is_all_known(const Json& report) {
  const Json& parcels = list_at(report, "parcels");
  return !parcels.empty() && std::ranges::all_of(parcels, [](const Json& parcel) {
    return flag_at(parcel, "already_received");
  });
}

// Volumes that are waited for, with the name that is written on them.
void add_needs(const Json& parcel, Json& needs) {
  const std::string id = text_at(parcel, "id");
  const std::uint64_t volumes = number_at(parcel, "volumes");
  for (const Json& number : list_at(parcel, "missing_volumes")) {
    if (!number.is_number_unsigned()) continue;
    std::string label = id;
    std::ranges::replace(label, '-', '_');
    needs.push_back({{"parcel", id},
                     {"volume", number},
                     {"volumes", volumes},
                     {"label", fmt::format("{}_V{}", label, number.get<std::uint64_t>())}});
  }
}

}  // namespace

std::optional<Json> problem_of(const Json& report, int status) {
  const Json& error = object_at(report, "error");
  if (error.empty()) return std::nullopt;
  return Json{{"code", text_at(error, "code")},
              {"status", status != 0 ? Json(status) : Json(number_at(error, "exit_status"))},
              {"message", text_at(error, "message")},
              {"loss", text_at(error, "loss")},
              {"hint", text_at(error, "hint")}};
}

Json ended_problem(int status, bool is_too_long) {
  if (is_too_long && status < 128) {
    return {
        {"code", "too-long"},
        {"status", status},
        {"message", fmt::format("courier: the work ended with status {}, and its report is longer "
                                "than the 8 MiB that the page reads",
                                status)},
        {"loss", "nothing was lost: what the work did is done"},
        {"hint", "type the command on this machine to read its report"}};
  }
  return problem_json(
      Error(ErrorCode::internal, "courier",
            status > 128 ? fmt::format("the work was ended by signal {}", status - 128)
                         : fmt::format("the work ended with status {} and no report", status))
          .with_loss("nothing was lost: what came in is kept")
          .with_hint("try again; it goes on where it was"));
}

Look look_of(const Json& report, int status) {
  Look look;
  look.offers = offers_view(report);
  const auto is_any = [&](auto holds) { return std::ranges::any_of(look.offers, holds); };
  look.problem = problem_of(report, status);
  for (const Json& offer : list_at(report, "parcels")) {
    const std::string verdict = text_at(offer, "verdict");
    if (verdict != "genuine" || !goes_on(offer)) continue;
    look.goes_on = true;
    const Json& here = object_at(offer, "here");
    if (text_at(here, "state") != "Incomplete" || flag_at(here, "cut_off")) look.was_cut_off = true;
  }
  const bool can_be_taken = is_any([](const Json& offer) {
    const std::string verdict = text_at(offer, "verdict");
    return verdict == "genuine" || verdict == "already received" ||
           verdict == "signer not known here";
  });
  if (can_be_taken) {
    look.found = Found::offer;
    look.problem.reset();
  } else if (is_any([](const Json& offer) { return text_at(offer, "verdict") == "refused"; })) {
    look.found = Found::refused;
  } else if (look.offers.empty() && status == kNotFound && report.contains("parcels")) {
    look.found = Found::empty;
    look.problem.reset();
  } else if (status == kRefused && !look.offers.empty()) {
    look.found = Found::foreign;
  } else if (status == kRefused) {
    look.found = Found::refused;  // by the gate
  } else if (status == 0) {
    look.found = Found::foreign;  // made here, and nothing else
  } else {
    look.found = Found::problem;
  }
  return look;
}

void name_items(Json& result, const Json& offers) {
  if (!result.contains("items")) return;
  for (Json& item : result["items"]) {
    item["name"] = "";
    for (const Json& offer : offers) {
      for (const Json& offered : list_at(offer, "items")) {
        if (text_at(offered, "package") != text_at(item, "package")) continue;
        item["name"] = text_at(offered, "name");
      }
    }
  }
}

Json progress_view(const Json& line) {
  constexpr std::uint64_t kLongest = 30ull * 24 * 3600;
  const std::uint64_t done = number_at(line, "done"), total = number_at(line, "total");
  const std::uint64_t index = number_at(line, "phase_index");
  const std::uint64_t count = std::max<std::uint64_t>(number_at(line, "phase_count"), 1);
  const double share = line.contains("share") && line["share"].is_number()
                           ? std::clamp(line["share"].get<double>(), 0.0, 1.0)
                           : 0;
  Json view = {{"phase", text_at(line, "phase")},
               {"subject", text_at(line, "subject")},
               {"phase_index", index},
               {"phase_count", count},
               {"share", share},
               {"done", done},
               {"total", total},
               {"seconds_left", Json()},
               {"until", Json()}};
  if (line.contains("seconds_left") && line["seconds_left"].is_number_unsigned()) {
    view["seconds_left"] = std::min(number_at(line, "seconds_left"), kLongest);
  }
  return view;
}

Taken taken_of(const Json& report, int status) {
  Taken taken;
  Counts counts;
  Json items = Json::array();
  std::uint64_t repaired = 0;
  bool is_all_waiting = true;  // of what is not in: volumes alone are missing
  for (const Json& parcel : list_at(report, "parcels")) {
    for (const Json& item : list_at(parcel, "items")) {
      counts.add(text_at(item, "verdict"));
      items.push_back({{"package", text_at(item, "package")},
                       {"version", number_at(item, "version")},
                       {"kind", text_at(item, "kind")},
                       {"verdict", text_at(item, "verdict")},
                       {"why", text_at(item, "reason")}});
    }
    repaired += number_at(parcel, "repaired_bytes");
    add_needs(parcel, taken.needs);
    if (text_at(parcel, "state") == "Incomplete" && (list_at(parcel, "missing_volumes").empty() ||
                                                     !list_at(parcel, "damaged_volumes").empty())) {
      is_all_waiting = false;
    }
  }
  taken.result = {{"installed", counts.installed},
                  {"stored", counts.stored},
                  {"refused", counts.refused},
                  {"damaged", counts.damaged},
                  {"incomplete", counts.incomplete},
                  {"waiting", counts.waiting},
                  {"repaired_bytes", repaired},
                  {"items", std::move(items)},
                  {"returns", returns_view(report)},
                  {"confirmed", confirmed_view(report)},
                  {"already_received", is_all_known(report)},
                  {"safe_to_remove", flag_at(report, "medium_may_be_removed")}};
  taken.problem = problem_of(report, status);
  const bool is_bad = counts.refused + counts.damaged + counts.incomplete > 0;
  if (status == 0) {
    taken.came = Came::done;
  } else if (!taken.needs.empty() && is_all_waiting && status == kIncomplete) {
    taken.came = Came::waiting;
    taken.problem.reset();
  } else if (!taken.result["items"].empty() && !is_bad && taken.needs.empty() &&
             std::ranges::all_of(
                 list_at(report, "parcels"),
                 [](const Json& parcel) { return text_at(parcel, "state") == "Processed"; }) &&
             flag_at(report, "medium_may_be_removed")) {
    // All is in; a share that does not serve it yet, or a return that could not be written, is said
    // beside it.
    taken.came = Came::done;
  } else {
    taken.came = Came::problem;
  }
  return taken;
}

}  // namespace courier
