#include "courier/progress_bar.h"

#include <gtest/gtest.h>

namespace courier {
namespace {

TEST(ProgressBar, CountsTheTimeOfLaterPhasesToo) {
  // A quarter of the first of two phases took 10 s: 30 s of it are left, and 40 s for the other.
  EXPECT_DOUBLE_EQ(seconds_left({"reading", "", 25, 100, 0, 2}, 10, 10), 70);
  EXPECT_DOUBLE_EQ(seconds_left({"verifying", "", 25, 100, 1, 2}, 10, 90), 30);
}

TEST(ProgressBar, CountsALaterPhaseByItsPartOfAll) {
  // The first phase is a tenth of all. Half of it took 10 s: all takes 200 s at that pace.
  EXPECT_DOUBLE_EQ(seconds_left({"receiving", "", 50, 100, 0, 2, 0, 0.1}, 10, 10), 190);
  // The second one goes ten times as fast: its own pace is what counts.
  EXPECT_DOUBLE_EQ(seconds_left({"publishing", "", 50, 100, 1, 2, 0.1, 0.9}, 9, 29), 9);
  // Until it is known, it is that of all so far.
  EXPECT_DOUBLE_EQ(seconds_left({"publishing", "", 0, 100, 1, 2, 0.1, 0.9}, 0, 20), 180);
}

TEST(ProgressBar, KnowsSinceWhenAPhaseIsUnderWay) {
  using std::chrono::seconds;
  Pace pace;
  EXPECT_TRUE(pace.note({"receiving", "", 0, 100, 0, 2}, seconds(100)));
  EXPECT_FALSE(pace.note({"receiving", "", 100, 100, 0, 2}, seconds(110)));
  EXPECT_DOUBLE_EQ(pace.seconds_left(), 10);
  EXPECT_TRUE(pace.note({"publishing", "", 0, 100, 1, 2}, seconds(110)));
  EXPECT_FALSE(pace.note({"publishing", "", 20, 100, 1, 2}, seconds(111)));
  EXPECT_DOUBLE_EQ(pace.seconds_left(), 4);
}

TEST(ProgressBar, SaysNothingOfTimeBeforeItKnows) {
  EXPECT_LT(seconds_left({"reading", "", 0, 100, 0, 1}, 10, 10), 0);
  EXPECT_LT(seconds_left({"reading", "", 10, 0, 0, 1}, 10, 10), 0);
  EXPECT_LT(seconds_left({"reading", "", 90, 100, 0, 1}, 0.1, 0.1), 0);
}

TEST(ProgressBar, ShowsPhaseShareBytesAndTimeLeft) {
  EXPECT_EQ(
      progress_line({"sealing", "parcel PUN-PSE-000001", 50'000'000, 100'000'000, 1, 3}, 15, 120),
      "2/3 sealing parcel PUN-PSE-000001 [##########..........]  50 %  50.0 MB of 100 MB"
      "  15 s left");
}

TEST(ProgressBar, NeverIsWiderThanTheTerminal) {
  const ProgressEvent event{"reading", std::string(300, 'x'), 1, 3, 0, 1};
  EXPECT_LE(progress_line(event, 1, 79).size(), 79U);
  EXPECT_LE(progress_line(event, 1, 20).size(), 20U);
}

TEST(ProgressBar, WritesDurationsForPeople) {
  EXPECT_EQ(human_duration(0.4), "0 s");
  EXPECT_EQ(human_duration(59.4), "59 s");
  EXPECT_EQ(human_duration(80), "1 min 20 s");
  EXPECT_EQ(human_duration(7500), "2 h 5 min");
}

}  // namespace
}  // namespace courier
