// The loop with a clock that is wrong: at the beginning of 1970, one second past what 32 bits hold
// with and without a sign, and going backwards between any two commands. Order comes from counters,
// so it ends as it does under a right clock.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "tests/fault/loop.h"

namespace courier::test {
namespace {

constexpr std::int64_t k2026 = 1'795'000'000;

// Sets the clock before each command and goes round; what each site knows at the end.
std::vector<Json> go_round(Loop& loop, const std::function<std::int64_t(std::size_t)>& time) {
  for (std::size_t i = 0; i < steps().size(); ++i) {
    loop.set_clock(time(i));
    const Ran ran = loop.run(steps()[i]);
    EXPECT_EQ(ran.status, 0) << steps()[i].name << "\n" << ran.err;
  }
  EXPECT_EQ(loop.served(), listing_of(loop.path("src2")));
  std::vector<Json> facts = {loop.facts("A"), loop.facts("B")};
  for (Json& site : facts) site.erase("served");
  return facts;
}

std::vector<Json> under_a_right_clock() {
  Loop loop;
  loop.set_clock(k2026);
  loop.begin();
  return go_round(loop, [](std::size_t i) { return k2026 + 60 * static_cast<std::int64_t>(i); });
}

class ClockAt : public ::testing::TestWithParam<std::pair<std::int64_t, std::string>> {};

TEST_P(ClockAt, NothingIsRefusedAndDatesAreShownRight) {
  const auto& [start, date] = GetParam();
  Loop loop;
  loop.set_clock(start);
  loop.begin();
  const auto facts = go_round(loop, [start = start](std::size_t) { return start; });
  EXPECT_EQ(facts, under_a_right_clock());
  const Json parcels = loop.run("A", {"parcel", "list"}).json;
  for (const char* list : {"outgoing", "incoming"}) {
    for (const Json& parcel : parcels.at(list)) {
      const std::string member = std::string(list) == "outgoing" ? "created" : "written";
      EXPECT_TRUE(parcel.at(member).get<std::string>().starts_with(date)) << parcel.dump(2);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Times, ClockAt,
                         ::testing::Values(std::pair{0, "1970-01-01T00:00:0"},
                                           std::pair{2'147'483'648, "2038-01-19T03:14:"},
                                           std::pair{4'294'967'296, "2106-02-07T06:28:"}));

TEST(ClockGoingBackwards, ChangesNothingOfTheOrder) {
  Loop loop;
  loop.set_clock(4'294'967'296);
  loop.begin();
  // Ten years back with each command, from 2106 to before 2026.
  const auto facts = go_round(loop, [](std::size_t i) {
    return 4'294'967'296 - 315'360'000 * static_cast<std::int64_t>(i + 1);
  });
  EXPECT_EQ(facts, under_a_right_clock());
}

TEST(ClockGoingBackwards, DoesNotPutOffWhatIsTriedAgainLater) {
  Loop loop;
  loop.set_clock(4'294'967'296);
  loop.begin();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(loop.run(steps()[i]).status, 0);
  std::filesystem::rename(loop.path("share"), loop.path("away"));
  EXPECT_EQ(loop.run(steps()[3]).status, 11);
  std::filesystem::rename(loop.path("away"), loop.path("share"));
  // The battery is new: the retry would be due in 80 years.
  loop.set_clock(k2026);
  const Ran ran = loop.run("B", {"job", "run"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(loop.served(), listing_of(loop.path("src")));
}

}  // namespace
}  // namespace courier::test
