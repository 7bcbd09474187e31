#include "base/phases.h"

#include <gtest/gtest.h>

namespace courier {
namespace {

class PhasesTest : public testing::Test {
 protected:
  ProgressSink sink() {
    return [this](const ProgressEvent& event) { told.push_back(event); };
  }
  std::vector<ProgressEvent> told;
};

TEST_F(PhasesTest, SayWhichOfThemIsUnderWayAndHowMuchOfAllIsDone) {
  Phases phases(sink());
  const std::size_t receiving = phases.add("receiving", 100);
  const std::size_t publishing = phases.add("publishing", 300);
  phases.next(receiving, 100)({"reading", "parcel", 5, 10});
  phases.next(publishing, 300)({"writing", "file", 10, 30});
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].phase, "receiving");
  EXPECT_EQ(told[0].subject, "parcel");
  EXPECT_EQ(told[0].done, 50U);
  EXPECT_EQ(told[0].total, 100U);
  EXPECT_EQ(told[0].phase_index, 0U);
  EXPECT_EQ(told[0].phase_count, 2U);
  EXPECT_DOUBLE_EQ(told[0].share(), 0.125);
  EXPECT_EQ(told[1].phase_index, 1U);
  EXPECT_DOUBLE_EQ(told[1].share(), 0.5);
}

TEST_F(PhasesTest, CountThePiecesBeforeAsDone) {
  Phases phases(sink());
  const std::size_t receiving = phases.add("receiving", 200);
  phases.next(receiving, 50)({"receiving", "first", 1, 10});
  phases.next(receiving, 150)({"receiving", "second", 0, 10});
  EXPECT_EQ(told.back().done, 50U);
}

TEST_F(PhasesTest, NeverGoBackWhenAPieceIsBegunAgain) {
  Phases phases(sink());
  const std::size_t writing = phases.add("writing", 100);
  const ProgressSink piece = phases.next(writing, 100);
  piece({"writing", "", 8, 10});
  piece({"writing", "", 1, 10});
  EXPECT_EQ(told.back().done, 80U);
  phases.next(writing, 100)({"writing", "", 10, 10});
  EXPECT_EQ(told.back().done, 100U) << "not more than there is";
}

TEST_F(PhasesTest, EndWhereTheNextOneBegins) {
  for (std::uint64_t first = 1; first < 60; ++first) {
    for (std::uint64_t second = 1; second < 60; ++second) {
      Phases phases(sink());
      const std::size_t receiving = phases.add("receiving", first);
      const std::size_t publishing = phases.add("publishing", second);
      const std::size_t returning = phases.add("returning", 1);
      phases.next(receiving, first)({"", "", 1, 1});
      phases.next(publishing, second)({"", "", 0, 1});
      phases.next(publishing, second)({"", "", 1, 1});
      phases.next(returning, 1)({"", "", 0, 1});
      const std::size_t at = told.size() - 4;
      ASSERT_EQ(told[at].share(), told[at + 1].share()) << first << " " << second;
      ASSERT_EQ(told[at + 2].share(), told[at + 3].share()) << first << " " << second;
    }
  }
}

TEST_F(PhasesTest, DoNotCountOneThatHasNothingToDo) {
  Phases phases(sink());
  const std::size_t receiving = phases.add("receiving", 0);
  const std::size_t publishing = phases.add("publishing", 10);
  phases.next(publishing, 10)({"writing", "", 1, 2});
  EXPECT_EQ(told.back().phase_count, 1U);
  EXPECT_EQ(told.back().phase_index, 0U);
  phases.next(receiving, 0)({"receiving", "", 3, 4});
  EXPECT_EQ(told.back().phase_count, 2U) << "unless it has";
  EXPECT_EQ(told.back().done, 3U) << "as it says itself";
}

TEST_F(PhasesTest, TakePhasesOfAPieceIntoTheirOwn) {
  Phases outer(sink());
  const std::size_t returning = outer.add("returning", 100);
  outer.add("later", 100);
  const ProgressSink piece = outer.next(returning, 100);
  Phases inner(piece);
  const std::size_t writing = inner.add("writing", 10), verifying = inner.add("verifying", 30);
  inner.next(writing, 10)({"writing", "", 1, 1});
  EXPECT_EQ(told.back().done, 25U);
  inner.next(verifying, 30)({"verifying", "", 1, 3});
  EXPECT_EQ(told.back().done, 50U);
  EXPECT_EQ(told.back().phase, "returning");
  EXPECT_DOUBLE_EQ(told.back().share(), 0.25);
}

}  // namespace
}  // namespace courier
