// Reads may give back less than was asked for: the loop does not notice.
#include <gtest/gtest.h>

#include "tests/fault/loop.h"

namespace courier::test {
namespace {

TEST(ShortReads, LeaveTheLoopAsItIs) {
  Loop loop;
  loop.begin();
  loop.calls().read_short();
  for (const Step& step : steps()) {
    const Ran ran = loop.run(step);
    EXPECT_EQ(ran.status, 0) << step.name << "\n" << ran.err;
  }
  EXPECT_EQ(loop.served(), listing_of(loop.path("src2")));
  EXPECT_TRUE(loop.store_is_clean("A"));
  EXPECT_TRUE(loop.store_is_clean("B"));
}

}  // namespace
}  // namespace courier::test
