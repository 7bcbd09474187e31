#include "console/report_view.h"

#include <gtest/gtest.h>

namespace courier {
namespace {

// As a child tells it: with numbers as they are read from text.
Json as_told(const Json& json) { return Json::parse(json.dump()); }
Look look(const Json& json, int status) { return look_of(as_told(json), status); }
Taken taken_as(const Json& json, int status) { return taken_of(as_told(json), status); }
Json progress(const Json& line) { return progress_view(as_told(line)); }

Json offer(const std::string& verdict, const std::string& label = "aa") {
  return {{"path", "p"},     {"verdict", verdict},  {"id", "PUN-PSE-000001"},
          {"from", "PUN"},   {"from_name", "Pune"}, {"label_digest", label},
          {"item_count", 2}, {"content_bytes", 10}, {"volume", {{"number", 1}, {"of", 3}}}};
}

Json identified(const std::vector<Json>& offers) { return {{"parcels", offers}}; }

Json refused_by_gate() {
  return {{"error", {{"code", "not-trusted"}, {"message", "a keyboard"}, {"exit_status", 3}}}};
}

TEST(ReportView, AnOfferForThisSiteIsOneWhateverElseIsThere) {
  const Look found = look(identified({offer("for others", "bb"), offer("genuine")}), 0);
  EXPECT_EQ(found.found, Found::offer);
  ASSERT_EQ(found.offers.size(), 2U);
  EXPECT_FALSE(found.offers[0]["for_here"].get<bool>());
  EXPECT_TRUE(found.offers[1]["genuine"].get<bool>());
  EXPECT_FALSE(found.goes_on);
}

TEST(ReportView, WhatIsFoundHasOneWordEach) {
  const Json none = {{"parcels", Json::array()}, {"error", {{"code", "not-found"}}}};
  EXPECT_EQ(look(none, 7).found, Found::empty);
  EXPECT_EQ(look(identified({offer("for others")}), 3).found, Found::foreign);
  EXPECT_EQ(look(identified({offer("own")}), 0).found, Found::foreign);
  EXPECT_EQ(look(identified({offer("refused")}), 3).found, Found::refused);
  EXPECT_EQ(look(refused_by_gate(), 3).found, Found::refused);
  EXPECT_EQ(look({{"error", {{"code", "device"}, {"message", "x"}}}}, 11).found, Found::problem);
  EXPECT_EQ(look(identified({offer("unreadable")}), 4).found, Found::problem);
}

TEST(ReportView, VolumesOfOneParcelAreOneOffer) {
  Json second = offer("genuine");
  second["volume"]["number"] = 2;
  const Look found = look(identified({offer("genuine"), second, second}), 0);
  ASSERT_EQ(found.offers.size(), 1U);
  EXPECT_EQ(found.offers[0]["volumes_here"], Json({1, 2}));
  EXPECT_EQ(found.offers[0]["volumes"], 3);
}

TEST(ReportView, WhatWasUnderWayGoesOnAndIsSaidToHaveBeenCutOff) {
  Json cut = offer("genuine");
  cut["here"] = {{"state", "Verifying"}, {"missing_volumes", Json::array()}};
  const Look found = look(identified({cut}), 0);
  EXPECT_TRUE(found.goes_on);
  EXPECT_TRUE(found.was_cut_off);
}

TEST(ReportView, AVolumeThatIsWaitedForGoesOnAndOneThatCameDoesNot) {
  Json part = offer("genuine");
  part["here"] = {{"state", "Incomplete"}, {"missing_volumes", {2, 3}}};
  EXPECT_FALSE(look(identified({part}), 0).goes_on);
  part["volume"]["number"] = 3;
  const Look found = look(identified({part}), 0);
  EXPECT_TRUE(found.goes_on);
  EXPECT_FALSE(found.was_cut_off);
}

Json received(const Json& parcel) {
  return {{"parcels", {parcel}}, {"returns", Json::array()}, {"medium_may_be_removed", true}};
}

TEST(ReportView, WhatCameInIsCountedByVerdict) {
  Json parcel = offer("genuine");
  parcel["state"] = "Processed";
  parcel["items"] = {{{"package", "A"}, {"version", 1}, {"verdict", "installed"}},
                     {{"package", "B"}, {"version", 2}, {"verdict", "stored"}}};
  const Taken taken = taken_as(received(parcel), 0);
  EXPECT_EQ(taken.came, Came::done);
  EXPECT_EQ(taken.result["installed"], 1);
  EXPECT_EQ(taken.result["stored"], 1);
  EXPECT_TRUE(taken.result["safe_to_remove"].get<bool>());
}

TEST(ReportView, AMissingVolumeIsAskedForByItsNumberAndLabel) {
  Json parcel = offer("genuine");
  parcel["state"] = "Incomplete";
  parcel["volumes"] = 3;
  parcel["missing_volumes"] = {2};
  parcel["items"] = Json::array();
  Json report = received(parcel);
  report["error"] = {{"code", "incomplete"}};
  const Taken taken = taken_as(report, 5);
  EXPECT_EQ(taken.came, Came::waiting);
  ASSERT_EQ(taken.needs.size(), 1U);
  EXPECT_EQ(taken.needs[0]["label"], "PUN_PSE_000001_V2");
  // Damage is no waiting: the same drive again may do.
  report["parcels"][0]["damaged_volumes"] = {1};
  EXPECT_EQ(taken_as(report, 5).came, Came::problem);
}

TEST(ReportView, ARefusedItemIsAProblemThoughTheRestIsIn) {
  Json parcel = offer("genuine");
  parcel["state"] = "Processed";
  parcel["items"] = {{{"package", "A"}, {"verdict", "refused"}, {"reason", "not authorised"}}};
  Json report = received(parcel);
  report["error"] = {{"code", "partly-done"}, {"message", "m"}, {"loss", "l"}, {"hint", "h"}};
  const Taken taken = taken_as(report, 10);
  EXPECT_EQ(taken.came, Came::problem);
  EXPECT_EQ((*taken.problem)["message"], "m");
  EXPECT_EQ(taken.result["items"][0]["why"], "not authorised");
}

TEST(ReportView, DocumentsOfAnyShapeAreGapsAndNotFaults) {
  const Json strange[] = {
      Json(),
      Json(1),
      Json::array(),
      {{"parcels", 3}},
      {{"parcels", {1, "a", Json()}}, {"error", {{"code", 7}}}},
      {{"parcels", {{{"items", {1, 2}}, {"volume", "x"}, {"missing_volumes", {"a", -1}}}}},
       {"returns", {3}}}};
  for (const Json& json : strange) {
    for (const int status : {0, 3, 5, 7, 10, 137}) {
      static_cast<void>(compact(look(json, status).offers));
      static_cast<void>(compact(taken_as(json, status).result));
      static_cast<void>(compact(progress(json)));
    }
  }
}

TEST(ReportView, ProgressOverAllPhasesIsAShareOfOne) {
  const Json line = {{"phase", "writing"}, {"done", 50},   {"total", 100},     {"phase_index", 1},
                     {"phase_count", 2},   {"share", 0.7}, {"seconds_left", 9}};
  EXPECT_DOUBLE_EQ(progress(line)["share"].get<double>(), 0.7);
  EXPECT_EQ(progress(line)["seconds_left"], 9);
}

}  // namespace
}  // namespace courier
