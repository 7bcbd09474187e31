#include "sender/targets.h"

#include "ledger/dp_book.h"
#include "tests/unit/sender/desk.h"

namespace courier::test {
namespace {

using testing::ElementsAre;

class Targets : public Desk {
 protected:
  Targets() {
    for (const char* name : {"D1", "D2"}) {
      DpRow dp;
      dp.name = name;
      dp.paths = {"/srv/" + dp.name};
      DpBook(ledger).add(dp);
    }
  }
  std::vector<Target> of(const std::vector<std::string>& texts) {
    return resolve_targets(ledger, texts);
  }
  Error refusal(const std::string& text) {
    return error_of([&] { of({text}); });
  }
};

TEST_F(Targets, ASiteIsItsStoreAndEveryDp) {
  EXPECT_THAT(of({"PSE"}), ElementsAre(Target{pse, {}}));
  EXPECT_THAT(of({"PUN"}), ElementsAre(Target{pun, {}}));
}

TEST_F(Targets, SiteAndDpIsThatDpAlone) {
  EXPECT_THAT(of({"PSE/D9"}), ElementsAre(Target{pse, {"D9"}}));
  EXPECT_THAT(of({"PUN/D1"}), ElementsAre(Target{pun, {"D1"}}));
}

TEST_F(Targets, NamesOfThisSitesDps) { EXPECT_THAT(of({"D2"}), ElementsAre(Target{pun, {"D2"}})); }

TEST_F(Targets, OneTargetPerSiteInTheOrderGiven) {
  join(tex);
  EXPECT_THAT(of({"TEX/B", "PSE", "D2", "TEX/A", "D1", "TEX/B"}),
              ElementsAre(Target{tex, {"A", "B"}}, Target{pse, {}}, Target{pun, {"D1", "D2"}}));
}

TEST_F(Targets, ASiteNamedWholeWinsOverItsDps) {
  EXPECT_THAT(of({"PSE/D9", "PSE"}), ElementsAre(Target{pse, {}}));
  EXPECT_THAT(of({"PSE", "PSE/D9"}), ElementsAre(Target{pse, {}}));
}

TEST_F(Targets, ASiteNotJoinedIsNamedWithTheWayToJoinIt) {
  for (const char* text : {"PXX", "PXX/D1"}) {
    const Error error = refusal(text);
    EXPECT_EQ(error.exit_status(), 7);
    EXPECT_EQ(error.subject(), "site PXX");
    EXPECT_THAT(error.hint(), testing::HasSubstr("site join"));
  }
}

TEST_F(Targets, AnUnknownNameIsNotFound) {
  EXPECT_EQ(refusal("Lager").code(), ErrorCode::not_found);
  EXPECT_EQ(refusal("PUN/D9").code(), ErrorCode::not_found);
}

TEST_F(Targets, ASlashWithoutSiteOrDpIsAUsageError) {
  EXPECT_EQ(refusal("PSE/").code(), ErrorCode::usage);
  EXPECT_EQ(refusal("/D1").code(), ErrorCode::usage);
}

}  // namespace
}  // namespace courier::test
