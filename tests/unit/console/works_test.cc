#include "console/works.h"

#include <gtest/gtest.h>

#include "console/report_view.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_courier.h"

namespace courier {
namespace {

TEST(Works, TheLastFiftyAreKeptThoughTheOldestIsStillUnderWay) {
  const test::FakeCourier courier;
  const test::FakeClock clock;
  EventLoop loop;
  JobRunner jobs(loop, courier.program(), {});
  Works works(jobs, clock, [] {});
  const std::uint64_t first = works.start({"identify", "hold"});
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < Works::kMostKept + 5; ++i) {
    last = works.start({"identify", "x"});
    while (works.one(last)["state"] != "done") loop.turn(std::chrono::seconds(1));
  }
  const Json list = works.list()["works"];
  ASSERT_EQ(list.size(), Works::kMostKept);
  EXPECT_EQ(list.front()["id"], last);
  EXPECT_EQ(list.back()["id"], first);
}

TEST(Works, AReportThatIsTooLongIsToldAsThat) {
  const test::FakeCourier courier;
  const test::FakeClock clock;
  EventLoop loop;
  JobRunner jobs(loop, courier.program(), {});
  Works works(jobs, clock, [] {});
  const std::uint64_t work = works.start({"identify", "long"});
  while (works.one(work)["state"] != "done") loop.turn(std::chrono::seconds(1));
  EXPECT_EQ(works.one(work)["status"], 0);
  EXPECT_EQ(works.one(work)["problem"]["code"], "too-long");
  EXPECT_EQ(ended_problem(137, true)["code"], "internal");
}

}  // namespace
}  // namespace courier
