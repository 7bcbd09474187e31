#include "distribution/distribution_manager.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "ledger/job_book.h"
#include "ledger/status_log.h"
#include "tests/unit/distribution/distribution_fixture.h"

namespace courier::test {
namespace {

using Publishing = DistributionTest;

std::size_t count_of(Ledger& ledger, const std::string& id) {
  return StatusLog{ledger}.list(id).size();
}

TEST_F(Publishing, MakesTheShareEqualToTheSource) {
  add("files");
  const std::string src =
      source("src", {{"bin/run", noise(300'000, 1)}, {"readme", "hello"}, {"empty", ""}});
  std::filesystem::create_symlink("../readme", src + "/bin/link");
  ::chmod((src + "/bin/run").c_str(), 0755);
  const auto report = manager().publish(tools, version(tools, src), {}, PublishMode::install, {});
  EXPECT_EQ(report.exit_status(), 0);
  ASSERT_EQ(report.outcomes.size(), 1u);
  EXPECT_EQ(report.outcomes[0].state, PackageState::installed);
  EXPECT_EQ(report.outcomes[0].files_copied, 3u);
  EXPECT_EQ(tree_of(folder / "files/PSE00020"), tree_of(src));
  EXPECT_EQ(entries_in(folder / "files/.courier/staging"), 0u);
  for (const char* id : {"2301", "2329", "2330", "2342"}) EXPECT_EQ(count_of(ledger, id), 1u) << id;
  EXPECT_EQ(JobBook{ledger}.get(report.job).step, JobStep::confirmed);
}

TEST_F(Publishing, AgainIsAlreadyInstalledAndTouchesNothing) {
  add("files");
  const auto v = version(tools, source("src", {{"a", "right"}}));
  manager().publish(tools, v, {}, PublishMode::install, {});
  write_text(folder / "files/PSE00020/a", "wrong");
  const auto again = manager().publish(tools, v, {}, PublishMode::install, {});
  ASSERT_EQ(again.outcomes.size(), 1u);
  EXPECT_TRUE(again.outcomes[0].already_installed);
  EXPECT_EQ(read_text(folder / "files/PSE00020/a"), "wrong");
  EXPECT_EQ(JobBook{ledger}.list().size(), 1u);

  const auto anew = manager().publish(tools, v, {}, PublishMode::redistribute, {});
  EXPECT_EQ(anew.outcomes[0].files_copied, 1u);
  EXPECT_EQ(read_text(folder / "files/PSE00020/a"), "right");
}

TEST_F(Publishing, AnUpdateCopiesOnlyWhatTheShareDoesNotHold) {
  add("files");
  const std::string same = noise(400'000, 3);
  version(tools, source("v1", {{"same", same}, {"changed", "1"}}));
  manager().publish(tools, 1, {}, PublishMode::install, {});
  std::filesystem::copy(folder / "v1", folder / "v2", std::filesystem::copy_options::recursive);
  // A copy has times of its own; what is the same is the content and, for a link, all metadata.
  std::filesystem::last_write_time(folder / "v2/same",
                                   std::filesystem::last_write_time(folder / "v1/same"));
  write_text(folder / "v2/changed", "2");
  version(tools, folder / "v2");
  const auto report = manager().publish(tools, 2, {}, PublishMode::install, {});
  EXPECT_EQ(report.outcomes[0].files_present, 1u);
  EXPECT_EQ(report.outcomes[0].files_copied, 1u);
  EXPECT_EQ(report.outcomes[0].bytes_copied, 1u);
  EXPECT_EQ(tree_of(folder / "files/PSE00020"), tree_of(folder / "v2"));
}

TEST_F(Publishing, NeverServesALinkedFileThatIsNotWhatItShouldBe) {
  add("files");
  const std::string same = noise(50'000, 3);
  const std::filesystem::path v1 = source("v1", {{"same", same}, {"sound", "s"}});
  version(tools, v1);
  manager().publish(tools, 1, {}, PublishMode::install, {});
  std::string spoiled = same;
  spoiled[777] = static_cast<char>(spoiled[777] ^ 1);
  const std::filesystem::path served = folder / "files/PSE00020/same";
  const auto time = std::filesystem::last_write_time(served);
  write_text(served, spoiled);
  std::filesystem::last_write_time(served, time);  // nothing but its content tells
  const std::filesystem::path v2 = source("v2", {{"same", same}, {"sound", "s"}, {"new", "x"}});
  for (const char* name : {"same", "sound"}) {
    std::filesystem::last_write_time(v2 / name, std::filesystem::last_write_time(v1 / name));
  }
  version(tools, v2);
  Journal journalled(folder.path(), clock, 1'000'000);
  DistributionManager here(
      DistributionParts{fs, clock, entropy, journalled, store, ledger, SiteCode::parse("PSE")});
  const auto report = here.publish(tools, 2, {}, PublishMode::install, {});
  std::vector<std::string> warnings;
  Journal::read(folder.path(), {}, {}, [&](const JournalLine& line) {
    if (line.severity == Severity::warning) warnings.push_back(line.message);
  });
  EXPECT_THAT(warnings, testing::ElementsAre(testing::HasSubstr("file same: read back")));
  EXPECT_EQ(report.outcomes[0].state, PackageState::installed);
  EXPECT_EQ(report.outcomes[0].files_present, 0u);
  EXPECT_EQ(report.outcomes[0].files_copied, 3u);
  EXPECT_EQ(tree_of(folder / "files/PSE00020"), tree_of(folder / "v2"));
}

TEST_F(Publishing, TwoPackagesShareTheirFiles) {
  add("files");
  const std::string big = noise(300'000, 5);
  version(tools, source("a", {{"x/big", big}}));
  manager().publish(tools, 1, {}, PublishMode::install, {});
  const PackageId other = PackageId::parse("PSE00021");
  std::filesystem::create_directories(folder / "b");
  std::filesystem::copy(folder / "a/x/big", folder / "b/large");
  std::filesystem::last_write_time(folder / "b/large",
                                   std::filesystem::last_write_time(folder / "a/x/big"));
  version(other, folder / "b");
  const auto report = manager().publish(other, 1, {}, PublishMode::install, {});
  EXPECT_EQ(report.outcomes[0].files_present, 1u);
  EXPECT_EQ(read_text(folder / "files/PSE00021/large"), big);
  // Taking one away leaves the other.
  manager().take_away(tools, {}, {});
  EXPECT_FALSE(std::filesystem::exists(folder / "files/PSE00020"));
  EXPECT_EQ(read_text(folder / "files/PSE00021/large"), big);
}

TEST_F(Publishing, ADpAddedLaterInstallsFromTheStore) {
  add("one");
  const auto v = version(tools, source("src", {{"a", "1"}}));
  manager().publish(tools, v, {}, PublishMode::install, {});
  add("two");
  const auto report = manager().publish(tools, v, {"two"}, PublishMode::install, {});
  EXPECT_EQ(report.outcomes[0].state, PackageState::installed);
  EXPECT_EQ(tree_of(folder / "two/PSE00020"), tree_of(folder / "src"));
}

TEST_F(Publishing, AnUnmountedShareIsTriedAgainAndCountsItsRetries) {
  add("files");
  std::filesystem::rename(folder / "files", folder / "away");
  const auto v = version(tools, source("src", {{"a", "1"}}));
  const auto report = manager().publish(tools, v, {}, PublishMode::install, {});
  EXPECT_EQ(report.exit_status(), 11);
  EXPECT_EQ(report.outcomes[0].state, PackageState::install_retrying);
  EXPECT_NE(report.outcomes[0].reason.find("not reachable"), std::string::npos);
  EXPECT_EQ(report.outcomes[0].retries_left, 99u);
  EXPECT_EQ(state("files", tools).retries_left, 99u);
  EXPECT_EQ(report.outcomes[0].next_try, clock.now() + std::chrono::minutes(30));

  EXPECT_TRUE(manager().run_due({}).outcomes.empty());  // not yet
  clock.tick(std::chrono::minutes(31));
  EXPECT_EQ(manager().run_due({}).outcomes.at(0).retries_left, 98u);
  std::filesystem::rename(folder / "away", folder / "files");
  clock.tick(std::chrono::minutes(31));
  EXPECT_EQ(manager().run_due({}).outcomes.at(0).state, PackageState::installed);
  EXPECT_EQ(JobBook{ledger}.list().size(), 1u);
  EXPECT_EQ(JobBook{ledger}.get(report.job).step, JobStep::confirmed);
}

TEST_F(Publishing, FailsWhenTheRetriesAreUsedUp) {
  Settings{ledger}.set("dp.retries", "2");
  add("files");
  std::filesystem::remove_all(folder / "files");
  const auto v = version(tools, source("src", {{"a", "1"}}));
  auto report = manager().publish(tools, v, {}, PublishMode::install, {});
  EXPECT_EQ(report.outcomes[0].retries_left, 1u);
  clock.tick(std::chrono::minutes(31));
  report = manager().run_due({});
  EXPECT_EQ(report.outcomes.at(0).state, PackageState::install_failed);
  EXPECT_EQ(state("files", tools).state, PackageState::install_failed);
  clock.tick(std::chrono::minutes(31));
  EXPECT_TRUE(manager().run_due({}).outcomes.empty());
}

TEST_F(Publishing, SpaceIsLookedAtFirstAndSaidInNumbers) {
  add("files");
  const auto v = version(tools, source("src", {{"a", noise(100'000, 1)}}));
  fs.pretend_space({50'000, 1'000'000});
  const auto report = manager().publish(tools, v, {}, PublishMode::install, {});
  EXPECT_EQ(report.exit_status(), 6);
  EXPECT_NE(report.outcomes[0].reason.find("(50000 bytes) free"), std::string::npos)
      << report.outcomes[0].reason;
  EXPECT_FALSE(std::filesystem::exists(folder / "files/PSE00020"));
}

TEST_F(Publishing, AWrongByteReadBackIsNeverInstalled) {
  add("files");
  version(tools, source("v1", {{"a", noise(100'000, 1)}}));
  manager().publish(tools, 1, {}, PublishMode::install, {});
  version(tools, source("v2", {{"a", noise(100'000, 2)}}));
  fs.flip_on_read("staging", 5000);
  const auto report = manager().publish(tools, 2, {}, PublishMode::install, {});
  EXPECT_EQ(report.exit_status(), 11);
  EXPECT_EQ(report.outcomes[0].state, PackageState::install_retrying);
  EXPECT_NE(report.outcomes[0].reason.find("file a"), std::string::npos)
      << report.outcomes[0].reason;
  EXPECT_EQ(tree_of(folder / "files/PSE00020"), tree_of(folder / "v1"));
  EXPECT_EQ(entries_in(folder / "files/.courier/staging"), 0u);
}

TEST_F(Publishing, AFolderMadeByHandIsNeverReplaced) {
  add("files");
  std::filesystem::create_directories(folder / "files/PSE00020");
  write_text(folder / "files/PSE00020/mine", "mine");
  const auto v = version(tools, source("src", {{"a", "1"}}));
  const auto report = manager().publish(tools, v, {}, PublishMode::install, {});
  EXPECT_EQ(report.exit_status(), 9);
  EXPECT_EQ(read_text(folder / "files/PSE00020/mine"), "mine");
  EXPECT_EQ(entries_in(folder / "files/.courier/staging"), 0u);
}

TEST_F(Publishing, ContentThatIsDamagedInTheStoreIsWaitedFor) {
  add("files");
  const auto v = version(tools, source("src", {{"a", noise(200'000, 9)}}));
  for (const auto& pack : std::filesystem::recursive_directory_iterator(folder / "store/packs")) {
    if (!pack.is_regular_file()) continue;
    std::string bytes = read_text(pack.path().string());
    bytes[bytes.size() / 3] = static_cast<char>(bytes[bytes.size() / 3] ^ 4);
    write_text(pack.path().string(), bytes);
  }
  const auto report = manager().publish(tools, v, {}, PublishMode::install, {});
  EXPECT_EQ(report.exit_status(), 4);
  EXPECT_EQ(state("files", tools).pending, PendingReason::waiting_for_content);
  EXPECT_EQ(state("files", tools).state, PackageState::install_pending);
  EXPECT_EQ(count_of(ledger, "2302"), 1u);
  EXPECT_EQ(PackageBook{ledger}.get(tools).stored_version, 0u);
  EXPECT_FALSE(std::filesystem::exists(folder / "files/PSE00020"));
}

TEST_F(Publishing, RetractTakesItAway) {
  add("files");
  manager().publish(tools, version(tools, source("src", {{"d/a", "1"}})), {}, PublishMode::install,
                    {});
  const auto report = manager().take_away(tools, {}, {});
  ASSERT_EQ(report.outcomes.size(), 1u);
  EXPECT_TRUE(report.outcomes[0].removed);
  EXPECT_FALSE(std::filesystem::exists(folder / "files/PSE00020"));
  EXPECT_FALSE((PackageDpBook{ledger}.find({SiteCode::parse("PSE"), "files", tools})));
  EXPECT_TRUE(manager().take_away(tools, {}, {}).outcomes.empty());
}

TEST_F(Publishing, ARemovalThatFailsIsTriedAgain) {
  add("files");
  manager().publish(tools, version(tools, source("src", {{"a", "1"}})), {}, PublishMode::install,
                    {});
  std::filesystem::rename(folder / "files", folder / "away");
  EXPECT_EQ(manager().take_away(tools, {}, {}).outcomes.at(0).state,
            PackageState::removal_retrying);
  std::filesystem::rename(folder / "away", folder / "files");
  clock.tick(std::chrono::minutes(31));
  EXPECT_TRUE(manager().run_due({}).outcomes.at(0).removed);
  EXPECT_FALSE(std::filesystem::exists(folder / "files/PSE00020"));
}

TEST_F(Publishing, ACancelledTransferIsNotDone) {
  add("files");
  const auto v = version(tools, source("src", {{"a", "1"}}));
  const auto rows = manager().target(tools, v, {}, PublishMode::install);
  manager().cancel(rows.job, "files", "ann");
  EXPECT_TRUE(manager().run_due({}).outcomes.empty());
  EXPECT_EQ(state("files", tools).state, PackageState::install_failed);
  EXPECT_NE(state("files", tools).reason.find("ann"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "files/PSE00020"));
}

TEST_F(Publishing, ACancelledRemovalCanBeAskedForAgain) {
  add("files");
  manager().publish(tools, version(tools, source("src", {{"a", "1"}})), {}, PublishMode::install,
                    {});
  const auto rows = manager().retract(tools, {});
  manager().cancel(rows.job, "files", "ann");
  EXPECT_EQ(state("files", tools).state, PackageState::removal_failed);
  EXPECT_TRUE(std::filesystem::exists(folder / "files/PSE00020"));
  EXPECT_TRUE(manager().take_away(tools, {}, {}).outcomes.at(0).removed);
}

TEST_F(Publishing, ASecondJobForTheSameVersionTakesTheTransferOver) {
  add("files");
  const auto v = version(tools, source("src", {{"a", "1"}}));
  std::filesystem::rename(folder / "files", folder / "away");
  const auto first = manager().publish(tools, v, {}, PublishMode::redistribute, {});
  EXPECT_EQ(first.outcomes.at(0).state, PackageState::install_retrying);
  add("more");
  NewJob wanted;
  wanted.package = tools;
  wanted.version = v;
  wanted.site = SiteCode::parse("PSE");
  const std::uint64_t second = JobBook{ledger}.accept_local(wanted, "operator");
  EXPECT_EQ(JobBook{ledger}.get(first.job).step, JobStep::superseded);
  manager().target(tools, v, {"files"}, PublishMode::install, second);
  EXPECT_EQ(JobBook{ledger}.get(second).step, JobStep::local);  // nothing is installed yet
  EXPECT_EQ(TransferBook{ledger}.get(first.job, "files").state, TransferState::cancelled);
  EXPECT_TRUE(TransferBook{ledger}.get(second, "files").whole);
  EXPECT_EQ(state("files", tools).job, second);
  // Said twice, it is the same transfer.
  manager().target(tools, v, {"files"}, PublishMode::install, second);
  EXPECT_EQ(TransferBook{ledger}.list().size(), 2u);

  std::filesystem::rename(folder / "away", folder / "files");
  EXPECT_EQ(manager().run_due({}).outcomes.at(0).state, PackageState::installed);
  EXPECT_EQ(JobBook{ledger}.get(second).step, JobStep::confirmed);
  EXPECT_EQ(JobBook{ledger}.get(second).state, PackageState::installed);
}

TEST_F(Publishing, ASecondJobForARemovalTakesItOver) {
  add("files");
  manager().publish(tools, version(tools, source("src", {{"a", "1"}})), {}, PublishMode::install,
                    {});
  const auto first = manager().retract(tools, {});
  NewJob wanted;
  wanted.kind = JobKind::remove;
  wanted.package = tools;
  wanted.version = 1;
  wanted.site = SiteCode::parse("PSE");
  const std::uint64_t second = JobBook{ledger}.accept_local(wanted, "operator");
  manager().retract(tools, {}, second);
  EXPECT_EQ(JobBook{ledger}.get(second).step, JobStep::local);  // nothing is removed yet
  EXPECT_EQ(TransferBook{ledger}.get(first.job, "files").state, TransferState::cancelled);
  EXPECT_TRUE(manager().run_due({}).outcomes.at(0).removed);
  EXPECT_EQ(JobBook{ledger}.get(second).step, JobStep::confirmed);
}

TEST_F(Publishing, AJobMadeForAVersionThatIsUnderWayEndsWithIt) {
  add("files");
  const auto v = version(tools, source("src", {{"a", "1"}}));
  std::filesystem::rename(folder / "files", folder / "away");
  manager().publish(tools, v, {}, PublishMode::install, {});
  const auto again = manager().target(tools, v, {}, PublishMode::install);
  std::filesystem::rename(folder / "away", folder / "files");
  clock.tick(std::chrono::minutes(31));
  EXPECT_EQ(manager().run_due({}).outcomes.at(0).transfer, std::to_string(again.job) + "/files");
  EXPECT_EQ(JobBook{ledger}.get(again.job).step, JobStep::confirmed);
}

TEST_F(Publishing, AJobForAnOlderVersionThanIsThereEndsAtOnce) {
  add("files");
  version(tools, source("v1", {{"a", "1"}}));
  version(tools, source("v2", {{"a", "2"}}));
  manager().publish(tools, 2, {}, PublishMode::install, {});
  const auto report = manager().target(tools, 1, {}, PublishMode::install);
  EXPECT_EQ(JobBook{ledger}.get(report.job).step, JobStep::confirmed);
  EXPECT_EQ(state("files", tools).version, 2u);
}

TEST_F(Publishing, ACancelInTheMiddleOfARemovalStopsIt) {
  add("files");
  manager().publish(tools, version(tools, source("src", {{"a", "1"}})), {}, PublishMode::install,
                    {});
  const auto rows = manager().retract(tools, {});
  fs.before_each([&](const std::string& call, const std::string& path) {
    if (call != "make_dir_at" || path.find(".tmp-") == std::string::npos) return;
    manager().cancel(rows.job, "files", "ann");
  });
  const auto report = manager().run_due({});
  fs.before_each({});
  EXPECT_NE(report.outcomes.at(0).reason.find("cancelled by ann"), std::string::npos);
  EXPECT_EQ(TransferBook{ledger}.get(rows.job, "files").state, TransferState::cancelled);
  EXPECT_EQ(state("files", tools).state, PackageState::removal_failed);
  EXPECT_EQ(read_text(folder / "files/PSE00020/a"), "1");
  EXPECT_EQ(JobBook{ledger}.get(rows.job).step, JobStep::confirmed);
}

TEST_F(Publishing, ACancelOfARemovalThatIsTakingTheFolderAwayIsTooLate) {
  add("files");
  manager().publish(tools, version(tools, source("src", {{"a", "1"}})), {}, PublishMode::install,
                    {});
  const auto rows = manager().retract(tools, {});
  std::size_t cancels = 0;
  fs.before_each([&](const std::string& call, const std::string&) {
    if (!call.starts_with("rename")) return;
    ++cancels;
    manager().cancel(rows.job, "files", "ann");
  });
  EXPECT_TRUE(manager().run_due({}).outcomes.at(0).removed);
  fs.before_each({});
  EXPECT_GT(cancels, 0u);
  EXPECT_EQ(TransferBook{ledger}.get(rows.job, "files").state, TransferState::complete);
  EXPECT_FALSE((PackageDpBook{ledger}.find({SiteCode::parse("PSE"), "files", tools})));
}

TEST_F(Publishing, AJobWhoseContentIsNotHereYetStaysOpen) {
  add("files");
  const auto v = version(tools, source("src", {{"a", "1"}}));
  PackageBook{ledger}.mark_not_stored(tools, v);
  NewJob wanted;
  wanted.package = tools;
  wanted.version = v;
  wanted.site = SiteCode::parse("PSE");
  const std::uint64_t job = JobBook{ledger}.accept_local(wanted, "operator");
  manager().target(tools, v, {}, PublishMode::install, job);
  EXPECT_EQ(JobBook{ledger}.get(job).step, JobStep::local);
  EXPECT_EQ(state("files", tools).pending, PendingReason::waiting_for_content);
}

TEST_F(Publishing, ATransferOfTheOldVersionEndsWhenTheNewOneIsWaitedFor) {
  add("files");
  version(tools, source("v1", {{"a", "1"}}));
  std::filesystem::rename(folder / "files", folder / "away");
  const auto first = manager().publish(tools, 1, {}, PublishMode::install, {});
  EXPECT_EQ(first.outcomes.at(0).state, PackageState::install_retrying);
  version(tools, source("v2", {{"a", "2"}}));
  PackageBook{ledger}.mark_not_stored(tools, 2);
  manager().target(tools, 2, {}, PublishMode::install);
  EXPECT_EQ(TransferBook{ledger}.get(first.job, "files").state, TransferState::cancelled);

  std::filesystem::rename(folder / "away", folder / "files");
  clock.tick(std::chrono::minutes(31));
  EXPECT_TRUE(manager().run_due({}).outcomes.empty());
  EXPECT_EQ(state("files", tools).state, PackageState::install_pending);
  EXPECT_EQ(state("files", tools).served, 0u);

  PackageBook{ledger}.mark_stored(tools, 2, true);
  manager().publish(tools, 2, {}, PublishMode::install, {});
  EXPECT_EQ(state("files", tools).served, 2u);
  EXPECT_EQ(read_text(folder / "files/PSE00020/a"), "2");
}

TEST_F(Publishing, ARemovalEndsWhenANewVersionIsWaitedFor) {
  add("files");
  version(tools, source("v1", {{"a", "1"}}));
  manager().publish(tools, 1, {}, PublishMode::install, {});
  std::filesystem::rename(folder / "files", folder / "away");
  EXPECT_EQ(manager().take_away(tools, {}, {}).outcomes.at(0).state,
            PackageState::removal_retrying);
  version(tools, source("v2", {{"a", "2"}}));
  PackageBook{ledger}.mark_not_stored(tools, 2);
  manager().target(tools, 2, {}, PublishMode::install);

  std::filesystem::rename(folder / "away", folder / "files");
  clock.tick(std::chrono::minutes(31));
  EXPECT_TRUE(manager().run_due({}).outcomes.empty());
  EXPECT_EQ(state("files", tools).state, PackageState::install_pending);
  EXPECT_EQ(read_text(folder / "files/PSE00020/a"), "1");
}

TEST_F(Publishing, ATransferThatTheRowHasOvertakenIsNotDone) {
  add("files");
  version(tools, source("v1", {{"a", "1"}}));
  const auto rows = manager().target(tools, 1, {}, PublishMode::install);
  version(tools, source("v2", {{"a", "2"}}));
  PackageDpBook{ledger}.target({SiteCode::parse("PSE"), "files", tools}, 2, rows.job + 1, false,
                               PendingReason::waiting_for_content, "a test");
  const auto report = manager().run_due({});
  EXPECT_NE(report.outcomes.at(0).reason.find("superseded"), std::string::npos);
  EXPECT_TRUE(report.outcomes.at(0).transfer.empty());
  EXPECT_EQ(TransferBook{ledger}.get(rows.job, "files").state, TransferState::cancelled);
  EXPECT_EQ(state("files", tools).served, 0u);
  EXPECT_FALSE(std::filesystem::exists(folder / "files/PSE00020"));
}

TEST_F(Publishing, UsesTheShareNameAndMovesWithIt) {
  add("files");
  const auto v = version(tools, source("src", {{"a", "1"}}));
  manager().publish(tools, v, {}, PublishMode::install, {});
  PackageRow row = PackageBook{ledger}.get(tools);
  row.share_name = "Field";
  PackageBook{ledger}.set(row);
  manager().publish(tools, v, {}, PublishMode::redistribute, {});
  EXPECT_EQ(tree_of(folder / "files/Field"), tree_of(folder / "src"));
  EXPECT_FALSE(std::filesystem::exists(folder / "files/PSE00020"));
}

TEST_F(Publishing, ValidationReportsFlagsAndNeverRepairs) {
  add("files");
  const auto v = version(tools, source("src", {{"a", "right"}, {"b", "b"}}));
  manager().publish(tools, v, {}, PublishMode::install, {});
  EXPECT_EQ(validate(tools).exit_status(), 0);

  write_text(folder / "files/PSE00020/stray", "?");
  auto report = validate(std::nullopt, "files");
  EXPECT_EQ(report.exit_status(), 0);
  EXPECT_EQ(report.results.at(0).strays, 1u);
  EXPECT_EQ(report.results.at(0).findings.at(0).path, "stray");
  // More than a report names.
  for (int i = 0; i < 150; ++i) write_text(folder / "files/PSE00020/x" + std::to_string(i), "?");
  report = validate(tools);
  EXPECT_EQ(report.exit_status(), 0);
  EXPECT_EQ(report.results.at(0).differences, 0u);
  EXPECT_EQ(report.results.at(0).strays, 151u);
  EXPECT_FALSE(state("files", tools).invalid);

  write_text(folder / "files/PSE00020/a", "wrong");
  std::filesystem::remove(folder / "files/PSE00020/b");
  report = validate(tools);
  EXPECT_EQ(report.exit_status(), 4);
  EXPECT_EQ(report.results.at(0).differences, 2u);
  EXPECT_TRUE(state("files", tools).invalid);
  EXPECT_EQ(state("files", tools).state, PackageState::installed);
  EXPECT_EQ(read_text(folder / "files/PSE00020/a"), "wrong");

  manager().publish(tools, v, {}, PublishMode::redistribute, {});
  EXPECT_FALSE(state("files", tools).invalid);
  EXPECT_EQ(tree_of(folder / "files/PSE00020"), tree_of(folder / "src"));
}

TEST_F(Publishing, ValidatesTheServedVersionWhileTheNextOneRetries) {
  add("files");
  const auto v1 = version(tools, source("src", {{"a", "right"}}));
  manager().publish(tools, v1, {}, PublishMode::install, {});
  const auto v2 = version(tools, source("src2", {{"a", "newer"}}));
  manager().target(tools, v2, {}, PublishMode::install);
  PackageDpBook states{ledger};
  const PackageDpKey key{SiteCode::parse("PSE"), "files", tools};
  states.failed_attempt(key, "full", 3, clock.now() + std::chrono::minutes(10));
  auto report = validate(tools);
  ASSERT_EQ(report.results.size(), 1u);
  EXPECT_EQ(report.results[0].version, v1);
  EXPECT_EQ(report.exit_status(), 0);

  write_text(folder / "files/PSE00020/a", "wrong");
  report = validate(tools);
  EXPECT_EQ(report.exit_status(), 4);
  EXPECT_EQ(state("files", tools).state, PackageState::install_retrying);
  EXPECT_EQ(state("files", tools).reason, "full");
}

TEST_F(Publishing, ValidatingWhatIsNotInstalledIsNotFound) {
  add("files");
  version(tools, source("src", {{"a", "1"}}));
  EXPECT_EQ(error_of([&] { validate(tools); }).code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace courier::test
