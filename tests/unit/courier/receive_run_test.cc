#include "courier/receive_run.h"

#include <gtest/gtest.h>

namespace courier {
namespace {

Report taken_in() {
  Report report;
  report.json = {{"medium_may_be_removed", true}};
  report.text = "parcel PUN-PSE-000001: Processed\n" + std::string(kMayBeTakenOut);
  return report;
}

const Error kStillMounted(ErrorCode::device, "drive /dev/sdb1", "cannot be unmounted");

TEST(ReceiveRun, AMediumThatCannotBeLetGoOfIsNotToBeTakenOut) {
  Report report = taken_in();
  keep_in(report, kStillMounted);
  EXPECT_EQ(report.text, "parcel PUN-PSE-000001: Processed\n");
  EXPECT_FALSE(report.json["medium_may_be_removed"].get<bool>());
  ASSERT_TRUE(report.problem);
  EXPECT_STREQ(report.problem->what(), kStillMounted.what());
  EXPECT_EQ(report.problem->loss(),
            "what came in is kept; what was written to the medium may not be on it yet");
}

TEST(ReceiveRun, AProblemWithAParcelStaysTheOneThatIsTold) {
  Report report = taken_in();
  report.problem = Error(ErrorCode::damaged, "parcel PUN-PSE-000001", "is damaged");
  keep_in(report, kStillMounted);
  EXPECT_EQ(report.text,
            "parcel PUN-PSE-000001: Processed\n"
            "the medium may not be taken out yet: drive /dev/sdb1: cannot be unmounted\n");
  EXPECT_EQ(report.problem->code(), ErrorCode::damaged);
}

}  // namespace
}  // namespace courier
