#include "distribution/dp_setup.h"

#include "distribution/share.h"
#include "ledger/dp_book.h"
#include "ledger/job_book.h"
#include "tests/unit/distribution/distribution_fixture.h"

namespace courier::test {
namespace {

using DpSetup = DistributionTest;

TEST_F(DpSetup, LeavesAMarkOnTheShare) {
  const DpView view = add("files");
  ASSERT_EQ(view.drives.size(), 1u);
  EXPECT_TRUE(view.reachable());
  const auto mark = read_mark(fs, folder / "files");
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->site.str(), "PSE");
  EXPECT_EQ(mark->dp, "files");
  EXPECT_EQ(mark->id, view.row.mark);
  EXPECT_TRUE(view.row.atomic_swap);
}

TEST_F(DpSetup, NamesAreTakenOnce) {
  add("files");
  const Error error = error_of([&] { add_dp(parts(), "files", {share("other")}, {}, false); });
  EXPECT_EQ(error.code(), ErrorCode::not_allowed);
  EXPECT_FALSE(read_mark(fs, folder / "other"));
}

TEST_F(DpSetup, RefusesAFolderThatIsNotThere) {
  EXPECT_EQ(error_of([&] { add_dp(parts(), "files", {folder / "none"}, {}, false); }).code(),
            ErrorCode::not_found);
  EXPECT_TRUE(DpBook{ledger}.list().empty());
}

TEST_F(DpSetup, RefusesAnotherSitesClaimUnlessItIsTakenOver) {
  add("files");
  DistributionParts other = parts();
  other.site = SiteCode::parse("PXX");
  DpBook{ledger}.remove("files");
  const Error error = error_of([&] { add_dp(other, "files", {folder / "files"}, {}, false); });
  EXPECT_EQ(error.code(), ErrorCode::not_allowed);
  EXPECT_NE(error.happened().find("PSE"), std::string::npos) << error.what();
  EXPECT_EQ(error.exit_status(), 9);
  add_dp(other, "files", {folder / "files"}, {}, true);
  EXPECT_EQ(read_mark(fs, folder / "files")->site.str(), "PXX");
}

TEST_F(DpSetup, RefusesOwnersModesAndNamesThatCannotBe) {
  DpSettings settings;
  settings.owner = "no-such-user-here";
  EXPECT_EQ(error_of([&] { add_dp(parts(), "a", {share("a")}, settings, false); }).code(),
            ErrorCode::usage);
  settings = {};
  settings.mode = "9z";
  EXPECT_EQ(error_of([&] { add_dp(parts(), "a", {share("a")}, settings, false); }).code(),
            ErrorCode::usage);
  for (const char* name : {"", "a/b", "-x", ".x", "a b"}) {
    EXPECT_EQ(error_of([&] { add_dp(parts(), name, {share("a")}, {}, false); }).code(),
              ErrorCode::usage);
  }
}

TEST_F(DpSetup, ShowsThatADriveIsNotMounted) {
  add("files");
  std::filesystem::rename(folder / "files", folder / "elsewhere");
  share("files");
  const DpView view = show_dp(parts(), "files");
  EXPECT_FALSE(view.reachable());
  EXPECT_NE(view.drives[0].why_not.find("no mark"), std::string::npos);
}

TEST_F(DpSetup, RemovingFreesTheFolderAndKeepsWhatItServes) {
  add("files");
  write_text(folder / "files/kept", "kept");
  remove_dp(parts(), "files", false);
  EXPECT_FALSE(read_mark(fs, folder / "files"));
  EXPECT_EQ(read_text(folder / "files/kept"), "kept");
  EXPECT_EQ(error_of([&] { show_dp(parts(), "files"); }).code(), ErrorCode::not_found);
}

TEST_F(DpSetup, RemovingWaitsForPackagesUnlessForced) {
  add("files");
  manager().publish(tools, version(tools, source("src", {{"a", "1"}})), {}, PublishMode::install,
                    {});
  EXPECT_EQ(error_of([&] { remove_dp(parts(), "files", false); }).code(), ErrorCode::not_allowed);
  remove_dp(parts(), "files", true);
  EXPECT_TRUE(std::filesystem::exists(folder / "files/PSE00020/a"));
}

TEST_F(DpSetup, RemovingEndsTheJobsThatHadNowhereElseToGo) {
  add("files");
  const auto v = version(tools, source("src", {{"a", "1"}}));
  const auto report = manager().target(tools, v, {}, PublishMode::install);
  EXPECT_EQ(JobBook{ledger}.get(report.job).step, JobStep::local);
  remove_dp(parts(), "files", true);
  EXPECT_EQ(JobBook{ledger}.get(report.job).step, JobStep::confirmed);
  EXPECT_EQ(JobBook{ledger}.get(report.job).state, PackageState::install_failed);
  PackageBook{ledger}.remove(tools);  // no job uses it any more
}

TEST_F(DpSetup, RemovingEndsTheJobsThatWaitedForContent) {
  add("files");
  const auto v = version(tools, source("src", {{"a", "1"}}));
  PackageBook{ledger}.mark_not_stored(tools, v);
  const auto report = manager().target(tools, v, {}, PublishMode::install);
  remove_dp(parts(), "files", true);
  EXPECT_EQ(JobBook{ledger}.get(report.job).step, JobStep::confirmed);
}

TEST_F(DpSetup, RemovingLeavesJobsThatHaveAnotherDp) {
  add("files");
  add("more");
  const auto v = version(tools, source("src", {{"a", "1"}}));
  const auto report = manager().target(tools, v, {}, PublishMode::install);
  remove_dp(parts(), "files", true);
  EXPECT_EQ(JobBook{ledger}.get(report.job).step, JobStep::local);
  EXPECT_EQ(manager().run_due({}).outcomes.at(0).state, PackageState::installed);
  EXPECT_EQ(JobBook{ledger}.get(report.job).step, JobStep::confirmed);
}

}  // namespace
}  // namespace courier::test
