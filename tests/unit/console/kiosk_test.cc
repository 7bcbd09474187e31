#include "console/kiosk.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/error_of.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_courier.h"

namespace courier {
namespace {

constexpr const char* kDamaged =
    R"({"code":"damaged","message":"m","loss":"l","hint":"h","exit_status":4})";
constexpr const char* kNoSpace =
    R"({"code":"no-space","message":"m","loss":"l","hint":"h","exit_status":6})";

constexpr const char* kCutOff =
    R"({"parcels":[{"id":"PUN-PSE-000001","state":"Incomplete"}],)"
    R"("error":{"code":"incomplete","message":"m","loss":"l","hint":"h","exit_status":5}})";
constexpr const char* kAllIn =
    R"({"parcels":[{"id":"PUN-PSE-000001","state":"Processed",)"
    R"("items":[{"package":"PUN00020","verdict":"installed"}]}],"medium_may_be_removed":true})";

class KioskTest : public testing::Test {
 protected:
  KioskTest() {
    courier_.says("identify", R"({"parcels":[{"verdict":"genuine","id":"PUN-PSE-000001"}]})");
    courier_.says("return", R"({"returns":[{"id":"PSE-PUN-000001","to":"PUN","written":"w"}]})");
  }

  static PresentDrive stick(const std::string& key, const std::string& source = "/media/usb") {
    PresentDrive drive;
    drive.key = key;
    drive.source = source;
    drive.node = "/dev/sdy";
    drive.name = "usb";
    drive.kind = "usb";
    return drive;
  }

  void put_in() {
    kiosk_.set_present({stick("k")});
    wait();
  }

  void act(DriveAction action) {
    kiosk_.act("d1", action);
    wait();
  }

  void wait() {
    while (!jobs_.is_idle()) loop_.turn(std::chrono::seconds(1));
  }

  void wait_while(const std::string& first, const char* id) {
    while (state(id) == first) loop_.turn(std::chrono::seconds(1));
  }

  // Two drives, the first under way until it is told what it says.
  void takes_the_first_of_two() {
    kiosk_.set_present({stick("a"), stick("b")});
    wait();
    courier_.holds("receive");
    kiosk_.act("d1", DriveAction::take);
  }

  Json drive(const char* id = "d1") const { return kiosk_.drive_json(id); }
  std::string state(const char* id = "d1") const { return text_at(drive(id), "state"); }

  // The drive fails under the receive: what it reports then, and what identify says afterwards.
  void is_cut_off() {
    courier_.says("receive", std::string(kCutOff), 5);
    courier_.says(
        "identify",
        R"({"parcels":[{"verdict":"genuine","id":"PUN-PSE-000001","volume":{"number":1,)"
        R"("of":1},"here":{"state":"Incomplete","missing_volumes":[],"cut_off":true}}]})");
  }

  test::FakeCourier courier_;
  test::FakeClock clock_;
  EventLoop loop_;
  JobRunner jobs_{loop_, courier_.program(), {}};
  Kiosk kiosk_{jobs_, clock_, {"PSE", "Branch", "1"}, [] {}};
};

TEST_F(KioskTest, AReturnThatIsWrittenLeavesTheProblemWhatItWas) {
  courier_.says("receive", std::string(R"({"parcels":[],"error":)") + kDamaged + "}", 4);
  put_in();
  act(DriveAction::take);
  ASSERT_EQ(state(), "problem");
  act(DriveAction::return_);
  EXPECT_EQ(state(), "problem");
  EXPECT_EQ(drive()["problem"]["code"], "damaged");
  EXPECT_EQ(drive()["result"]["returns"][0]["to"], "PUN");
  EXPECT_EQ(drive()["result"]["safe_to_remove"], true);
}

TEST_F(KioskTest, AReturnThatFailsIsToldAndTheNextOneBringsBackWhatItWas) {
  courier_.says("identify", R"({"parcels":[],"error":{"code":"not-found"}})", 7);
  put_in();
  ASSERT_EQ(state(), "empty");
  courier_.says("return", std::string(R"({"error":)") + kNoSpace + "}", 6);
  act(DriveAction::return_);
  EXPECT_EQ(state(), "problem");
  EXPECT_EQ(drive()["problem"]["code"], "no-space");
  act(DriveAction::return_);
  courier_.says("return", R"({"returns":[]})");
  act(DriveAction::return_);
  EXPECT_EQ(state(), "empty");
  EXPECT_TRUE(drive()["problem"].is_null());
}

TEST_F(KioskTest, AVolumeIsStillAskedForAfterTheReturnAndTheEjection) {
  courier_.says("receive",
                R"({"parcels":[{"id":"PUN-PSE-000001","state":"Incomplete","volumes":2,)"
                R"("missing_volumes":[2]}],"error":{"code":"incomplete"}})",
                5);
  put_in();
  act(DriveAction::take);
  ASSERT_EQ(state(), "waiting");
  act(DriveAction::return_);
  EXPECT_EQ(state(), "waiting");
  act(DriveAction::eject);
  EXPECT_EQ(state(), "waiting");
  EXPECT_EQ(drive()["needs"][0]["volume"], 2);
  EXPECT_EQ(drive()["result"]["ejected"], true);
  EXPECT_EQ(drive()["result"]["returns"][0]["to"], "PUN");
}

TEST_F(KioskTest, ADriveThatWasOnlyLookedAtIsForgottenWhenItIsEjectedAndOut) {
  put_in();
  act(DriveAction::eject);
  EXPECT_EQ(state(), "offer");
  kiosk_.set_present({});
  EXPECT_TRUE(kiosk_.json()["drives"].empty());
}

TEST_F(KioskTest, ASecondDriveWaitsForItsTurnAndIsThenTakenIn) {
  courier_.says("receive", kAllIn);
  kiosk_.set_present({stick("a"), stick("b")});
  wait();
  kiosk_.act("d1", DriveAction::take);
  kiosk_.act("d2", DriveAction::take);
  EXPECT_EQ(state("d2"), "taking");
  EXPECT_EQ(drive("d2")["progress"]["phase"], "queued");
  EXPECT_TRUE(drive("d1")["progress"].is_null());
  wait();
  EXPECT_EQ(state("d1"), "done");
  EXPECT_EQ(state("d2"), "done");
}

TEST_F(KioskTest, OtherContentOfADriveThatStaysInIsLookedAt) {
  put_in();
  PresentDrive other = stick("k");
  other.changes = 1;
  courier_.says("identify", R"({"parcels":[{"verdict":"genuine","id":"PUN-PSE-000002"}]})");
  kiosk_.set_present({other});
  EXPECT_EQ(state(), "reading");
  wait();
  EXPECT_EQ(state(), "offer");
  EXPECT_EQ(drive()["offers"][0]["parcel"], "PUN-PSE-000002");
  // What is told of other drives is no reason to look again.
  kiosk_.set_present({other, stick("b", "/media/other")});
  EXPECT_EQ(state(), "offer");
}

TEST_F(KioskTest, OtherContentThatComesMeanwhileIsLookedAtWhenTheResultWasSeen) {
  put_in();
  courier_.holds("receive");
  kiosk_.act("d1", DriveAction::take);
  PresentDrive other = stick("k");
  other.changes = 1;
  kiosk_.set_present({other});
  EXPECT_EQ(state(), "taking");
  courier_.says("identify", R"({"parcels":[{"verdict":"genuine","id":"PUN-PSE-000002"}]})");
  courier_.says("receive", kAllIn);
  EXPECT_EQ(drive()["has_news"], false);
  wait();
  EXPECT_EQ(state(), "done");
  kiosk_.set_present({other});
  EXPECT_EQ(state(), "done");
  EXPECT_EQ(drive()["has_news"], true);
  act(DriveAction::again);
  EXPECT_EQ(state(), "offer");
  EXPECT_EQ(drive()["has_news"], false);
  EXPECT_EQ(drive()["offers"][0]["parcel"], "PUN-PSE-000002");
}

TEST_F(KioskTest, WhereNothingIsToBePressedContentThatComesMeanwhileIsTakenInNext) {
  courier_.says("settings", R"({"settings":[{"name":"kiosk.auto-receive","value":"on"}]})");
  courier_.holds("receive");
  kiosk_.set_present({stick("k")});
  wait_while("reading", "d1");
  ASSERT_EQ(state(), "taking");
  PresentDrive other = stick("k");
  other.changes = 1;
  kiosk_.set_present({other});
  courier_.says("identify", R"({"parcels":[{"verdict":"genuine","id":"PUN-PSE-000002"}]})");
  courier_.says("receive", kAllIn);
  wait();
  EXPECT_EQ(state(), "done");
  EXPECT_EQ(drive()["offers"][0]["parcel"], "PUN-PSE-000002");
  EXPECT_EQ(drive()["has_news"], false);
}

TEST_F(KioskTest, ADismissedDriveIsShownAgainWhenOtherContentComes) {
  put_in();
  act(DriveAction::dismiss);
  kiosk_.set_present({stick("k")});
  EXPECT_TRUE(kiosk_.json()["drives"].empty());
  PresentDrive other = stick("k");
  other.changes = 1;
  kiosk_.set_present({other});
  wait();
  EXPECT_EQ(state("d2"), "offer");
}

TEST_F(KioskTest, ADriveThatIsTakenOutInTheMiddleSaysSoAndGoesOnWhenItIsPutInAgain) {
  put_in();
  is_cut_off();
  kiosk_.act("d1", DriveAction::take);
  kiosk_.set_present({});
  wait();
  EXPECT_EQ(state(), "gone");
  EXPECT_NE(text_at(drive()["problem"], "hint").find("goes on where it was"), std::string::npos);
  courier_.says("receive", kAllIn);
  kiosk_.set_present({stick("again")});
  wait();
  EXPECT_EQ(kiosk_.json()["drives"].size(), 1U);
  EXPECT_EQ(state("d2"), "done");
  EXPECT_EQ(drive("d2")["resumed"], true);
}

TEST_F(KioskTest, ADriveThatIsPutInAgainBeforeItsAbsenceWasNoticedGoesOnAllTheSame) {
  put_in();
  is_cut_off();
  kiosk_.act("d1", DriveAction::take);
  kiosk_.set_present({stick("again")});
  while (state() != "gone") loop_.turn(std::chrono::seconds(1));
  courier_.says("receive", kAllIn);
  wait();
  EXPECT_EQ(kiosk_.json()["drives"].size(), 1U);
  EXPECT_EQ(state("d2"), "done");
  EXPECT_EQ(drive("d2")["resumed"], true);
}

TEST_F(KioskTest, AVolumeThatIsTakenOutInTheMiddleIsNotAskedForAsAnother) {
  courier_.says("identify",
                R"({"parcels":[{"verdict":"genuine","id":"PUN-PSE-000001","volume":{"number":2,)"
                R"("of":3}}]})");
  courier_.says("receive",
                R"({"parcels":[{"id":"PUN-PSE-000001","state":"Incomplete","volumes":3,)"
                R"("missing_volumes":[2,3]}],"error":{"code":"incomplete"}})",
                5);
  put_in();
  kiosk_.act("d1", DriveAction::take);
  kiosk_.set_present({});
  wait();
  EXPECT_EQ(state(), "gone");
  EXPECT_TRUE(drive()["needs"].empty());
}

TEST_F(KioskTest, APressThatWaitsForItsTurnIsGivenUpWhenItsDriveIsTakenOut) {
  takes_the_first_of_two();
  kiosk_.act("d2", DriveAction::take);
  ASSERT_EQ(drive("d2")["progress"]["phase"], "queued");
  kiosk_.set_present({stick("a")});
  EXPECT_EQ(state("d2"), "gone");
  courier_.says("receive", kAllIn);
  wait();
  EXPECT_EQ(state("d1"), "done");
  EXPECT_EQ(state("d2"), "gone");
  EXPECT_TRUE(drive("d2")["result"].is_null());
}

TEST_F(KioskTest, AReturnThatWaitsForItsTurnIsGivenUpWhenItsDriveIsTakenOut) {
  courier_.says("return", std::string(R"({"error":)") + kNoSpace + "}", 6);
  takes_the_first_of_two();
  kiosk_.act("d2", DriveAction::return_);
  // Another one at the same place.
  kiosk_.set_present({stick("a"), stick("c")});
  courier_.says("receive", kAllIn);
  wait();
  EXPECT_TRUE(drive("d2").is_null());
  EXPECT_EQ(state("d3"), "offer");
}

TEST_F(KioskTest, APressOnABusyHomeIsGivenUpWhenItsDriveIsTakenOut) {
  put_in();
  courier_.holds("receive");
  kiosk_.act("d1", DriveAction::take);
  kiosk_.set_present({});
  EXPECT_EQ(state(), "taking");
  courier_.says("receive", R"({"error":{"code":"busy"}})", 8);
  while (state() == "taking" && drive()["progress"].is_null()) loop_.turn(std::chrono::seconds(1));
  courier_.says("receive", kAllIn);
  wait();
  EXPECT_EQ(state(), "gone");
}

TEST_F(KioskTest, APressThatIsTriedAgainOnABusyHomeIsGivenUpWhenItsDriveIsTakenOut) {
  put_in();
  courier_.says("receive", R"({"error":{"code":"busy"}})", 8);
  kiosk_.act("d1", DriveAction::take);
  while (drive()["progress"].is_null()) loop_.turn(std::chrono::seconds(1));
  ASSERT_EQ(drive()["progress"]["phase"], "busy");
  kiosk_.set_present({});
  courier_.says("receive", kAllIn);
  wait();
  EXPECT_EQ(state(), "gone");
}

TEST_F(KioskTest, EachOfTwoDrivesThatWereCutOffGoesOnByItself) {
  is_cut_off();
  courier_.says("identify-other",
                R"({"parcels":[{"verdict":"genuine","id":"TEX-PSE-000001","volume":{"number":1,)"
                R"("of":1},"here":{"state":"Verifying"}}]})");
  courier_.holds("receive");
  kiosk_.set_present({stick("a")});
  wait_while("reading", "d1");
  ASSERT_EQ(state("d1"), "taking");
  kiosk_.set_present({stick("a"), stick("b", "/media/other")});
  wait_while("reading", "d2");
  EXPECT_EQ(state("d2"), "taking");
  EXPECT_EQ(drive("d2")["resumed"], true);
  courier_.says("receive", kAllIn);
  wait();
  EXPECT_EQ(state("d1"), "done");
  EXPECT_EQ(state("d2"), "done");
}

TEST_F(KioskTest, ADriveThatIsTakenInByItselfAfterItWasTakenOutIsShownOnce) {
  courier_.says("settings", R"({"settings":[{"name":"kiosk.auto-receive","value":"on"}]})");
  courier_.holds("receive");
  kiosk_.set_present({stick("k")});
  wait_while("reading", "d1");
  kiosk_.set_present({stick("again")});
  wait_while("reading", "d2");
  ASSERT_EQ(drive("d2")["progress"]["phase"], "queued");
  courier_.says("receive", kCutOff, 5);
  wait_while("taking", "d1");
  EXPECT_TRUE(drive("d1").is_null());
  EXPECT_EQ(state("d2"), "taking");
  wait();
}

TEST_F(KioskTest, WhatIsOfferedIsLookedAtAgainWhenItCameInFromTheDriveBefore) {
  put_in();
  courier_.holds("receive");
  kiosk_.act("d1", DriveAction::take);
  kiosk_.set_present({stick("again")});
  wait_while("reading", "d2");
  ASSERT_EQ(state("d2"), "offer");
  courier_.says("identify",
                R"({"parcels":[{"verdict":"already received","id":"PUN-PSE-000001"}]})");
  courier_.says("receive", kAllIn);
  wait();
  EXPECT_EQ(state("d1"), "done");
  EXPECT_EQ(drive("d2")["offers"][0]["already_in"], true);
}

TEST_F(KioskTest, WhatIsSaidOfADriveThatWasTakenOutIsOverWhenItIsTakenInAgain) {
  put_in();
  courier_.holds("receive");
  kiosk_.act("d1", DriveAction::take);
  kiosk_.set_present({stick("again")});
  wait_while("reading", "d2");
  courier_.says("receive", kCutOff, 5);
  wait();
  ASSERT_EQ(state("d1"), "gone");
  ASSERT_EQ(state("d2"), "offer");
  kiosk_.act("d2", DriveAction::take);
  EXPECT_TRUE(drive("d1").is_null());
  wait();
}

TEST_F(KioskTest, AReturnThatIsCutOffIsNotSaidToGoOn) {
  put_in();
  courier_.holds("return");
  kiosk_.act("d1", DriveAction::return_);
  kiosk_.set_present({});
  courier_.says("return", std::string(R"({"error":)") + kNoSpace + "}", 6);
  wait();
  EXPECT_EQ(state(), "gone");
  EXPECT_EQ(text_at(drive()["problem"], "hint"), "put it in again, and press again");
}

TEST_F(KioskTest, ADriveThatBecomesReadOnlyWhileItIsInOffersNoReturn) {
  put_in();
  const auto offers_return = [&] {
    const Json actions = drive()["actions"];
    return std::ranges::find(actions, "return") != actions.end();
  };
  ASSERT_TRUE(offers_return());
  PresentDrive locked = stick("k");
  locked.read_only = true;
  kiosk_.set_present({locked});
  EXPECT_EQ(drive()["read_only"], true);
  EXPECT_FALSE(offers_return());
}

TEST_F(KioskTest, ShowsTheParcelsOfItsDrivesAndNoOthers) {
  EXPECT_FALSE(kiosk_.shows("PUN-PSE-000001"));
  put_in();
  EXPECT_TRUE(kiosk_.shows("PUN-PSE-000001"));
  EXPECT_FALSE(kiosk_.shows("PUN-PSE-000002"));
  kiosk_.set_present({});
  EXPECT_FALSE(kiosk_.shows("PUN-PSE-000001"));
}

}  // namespace
}  // namespace courier
