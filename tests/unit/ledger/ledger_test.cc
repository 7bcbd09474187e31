#include "ledger/ledger.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <thread>

#include "ledger/address_book.h"
#include "ledger/arrows.h"
#include "ledger/incoming_book.h"
#include "ledger/package_book.h"
#include "ledger/parcel_book.h"
#include "ledger/restore.h"
#include "ledger/return_book.h"
#include "ledger/schema.h"
#include "ledger/settings.h"
#include "ledger/sql.h"
#include "ledger/status_log.h"
#include "tests/unit/ledger/ledger_fixture.h"

namespace courier {
namespace {

TEST_F(LedgerTest, IsPrivateAndSaysWhatItIs) {
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(sql::number(ledger_->impl(), "PRAGMA application_id"), kLedgerApplicationId);
  EXPECT_EQ(sql::number(ledger_->impl(), "PRAGMA user_version"), kLedgerVersion);
  EXPECT_EQ(sql::number(ledger_->impl(), "PRAGMA synchronous"), 3);
  EXPECT_EQ(sql::number(ledger_->impl(), "PRAGMA foreign_keys"), 1);
}

TEST_F(LedgerTest, IsMadeOnceAndOpenedAgain) {
  EXPECT_EQ(code_of([&] { Ledger::create(path_, clock_); }), ErrorCode::not_allowed);
  Ledger again = reopen();
  EXPECT_EQ(SiteBook(again).self().code.str(), "PUN");
  EXPECT_EQ(code_of([&] { Ledger::open(folder_ + "/none", clock_); }), ErrorCode::not_found);
}

TEST_F(LedgerTest, OfANewerVersionIsRefusedNamingBoth) {
  sql::run(ledger_->impl(), "PRAGMA user_version = 8");
  try {
    reopen();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::newer_ledger);
    EXPECT_THAT(e.what(), testing::HasSubstr("version 8"));
    EXPECT_THAT(e.what(), testing::HasSubstr("up to " + std::to_string(kLedgerVersion)));
    EXPECT_THAT(e.hint(), testing::HasSubstr("newer courier"));
  }
}

// As version 5 had it.
void undo_version_6(Ledger& ledger) {
  sql::run(ledger.impl(), "ALTER TABLE incoming DROP COLUMN sealed_to");
  sql::run(ledger.impl(), "DELETE FROM arrow WHERE machine = 'parcel' AND event = 'P7'");
}

// As version 4 had it.
void undo_version_5(Ledger& ledger) {
  undo_version_6(ledger);
  sql::run(ledger.impl(), "ALTER TABLE copy DROP COLUMN spares");
}

// As version 3 had it.
void undo_version_4(Ledger& ledger) {
  undo_version_5(ledger);
  for (const char* index : {"job_waiting", "package_dp_states"})
    sql::run(ledger.impl(), std::string("DROP INDEX ") + index);
}

// As version 2 had it.
void undo_version_3(Ledger& ledger) {
  undo_version_4(ledger);
  for (const char* column :
       {"medium", "cut", "number", "volumes", "first_record", "end_record", "bytes"})
    sql::run(ledger.impl(), std::string("ALTER TABLE copy DROP COLUMN ") + column);
  sql::run(ledger.impl(), "DROP TABLE incoming_volume");
}

TEST_F(LedgerTest, OfVersion5IsMigratedAndItsParcelsWereSealedToAKeyItDoesNotName) {
  const Digest label = Digest::from_hex(std::string(64, 'a'));
  IncomingParcel parcel;
  parcel.label = label;
  parcel.id = ParcelId::parse("TEX-PUN-000001");
  IncomingBook(*ledger_).begin(parcel);
  undo_version_6(*ledger_);
  sql::run(ledger_->impl(), "PRAGMA user_version = 5");
  ledger_.reset();
  Ledger migrated = Ledger::open(path_, clock_);
  EXPECT_EQ(sql::number(migrated.impl(), "PRAGMA user_version"), kLedgerVersion);
  const std::optional<IncomingParcel> found = IncomingBook(migrated).find(label);
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->sealed_to.is_zero());
  EXPECT_GT(sql::number(migrated.impl(), "SELECT count(*) FROM arrow WHERE event = 'P7'"), 0);
}

TEST_F(LedgerTest, OfVersion3IsMigratedAndFindsWhatWaitsWithoutReadingWhatHasEnded) {
  undo_version_4(*ledger_);
  sql::run(ledger_->impl(), "PRAGMA user_version = 3");
  ledger_.reset();
  Ledger migrated = Ledger::open(path_, clock_);
  EXPECT_EQ(sql::number(migrated.impl(), "PRAGMA user_version"), kLedgerVersion);
  std::string steps;
  sql::for_each<long long, long long, long long, std::string>(
      migrated.impl(),
      "EXPLAIN QUERY PLAN SELECT number, reason FROM job WHERE site = :s AND step IN ('accepted',"
      " 'routed', 'suspended', 'error') ORDER BY priority, number",
      [&](const auto& row) { steps += std::get<3>(row) + "\n"; }, std::string("PSE"));
  EXPECT_EQ(steps, "SEARCH job USING INDEX job_waiting (site=?)\n");
}

TEST_F(LedgerTest, OfVersion2IsMigratedAndItsCopiesAreOfWholeParcels) {
  sql::run(
      ledger_->impl(),
      "INSERT INTO parcel(label, is_return, name, comment, carrier, tracking, file, file_bytes,"
      " content_bytes, records, created) VALUES('00', 0, '', '', '', '', 'f', 1, 1, 1, 1)");
  undo_version_3(*ledger_);
  sql::run(ledger_->impl(),
           "INSERT INTO copy(parcel, target, medium_label, medium_serial, verified, note, time)"
           " VALUES(1, '/media/usb', 'KINGSTON', '', 1, '', 5)");
  sql::run(ledger_->impl(), "PRAGMA user_version = 2");
  ledger_.reset();
  Ledger migrated = Ledger::open(path_, clock_);
  EXPECT_EQ(sql::number(migrated.impl(), "PRAGMA user_version"), kLedgerVersion);
  EXPECT_EQ(sql::number(migrated.impl(),
                        "SELECT count(*) FROM copy WHERE target = '/media/usb' AND cut = ''"
                        " AND number = 1 AND volumes = 1 AND verified = 1 AND spares = 0"),
            1);
  EXPECT_EQ(sql::number(migrated.impl(), "SELECT count(*) FROM incoming_volume"), 0);
}

TEST_F(LedgerTest, OfVersion1IsMigratedWithWhatItHolds) {
  PackageRow package;
  package.id = PackageId::parse("PUN00020");
  package.name = "tools";
  package.source_path = "/srv/tools";
  VersionRow version;
  version.version = 1;
  PackageBook(*ledger_).add(package, version);
  undo_version_3(*ledger_);
  sql::run(ledger_->impl(), "ALTER TABLE package DROP COLUMN source_kind");
  sql::run(ledger_->impl(), "PRAGMA user_version = 1");
  ledger_.reset();
  EXPECT_EQ(code_of([&] { Ledger::open(path_, clock_, {.migrates = false}); }),
            ErrorCode::not_allowed);
  EXPECT_TRUE(Ledger::is_older(path_, clock_));
  Ledger migrated = Ledger::open(path_, clock_);
  EXPECT_EQ(sql::number(migrated.impl(), "PRAGMA user_version"), kLedgerVersion);
  EXPECT_FALSE(Ledger::is_older(path_, clock_));
  const PackageRow found = PackageBook(migrated).get(package.id);
  EXPECT_EQ(found.source_path, "/srv/tools");
  EXPECT_EQ(found.source_kind, SourceKind::files);
}

TEST_F(LedgerTest, ThatIsNoLedgerIsDamaged) {
  const std::string other = folder_ + "/other";
  std::ofstream(other) << std::string(5000, 'x');
  EXPECT_EQ(code_of([&] { Ledger::open(other, clock_); }), ErrorCode::damaged);
  ledger_->copy_to(folder_ + "/foreign");
  {
    Ledger foreign = Ledger::open(folder_ + "/foreign", clock_);
    sql::run(foreign.impl(), "PRAGMA application_id = 5");
  }
  EXPECT_EQ(code_of([&] { Ledger::open(folder_ + "/foreign", clock_); }), ErrorCode::damaged);
}

TEST_F(LedgerTest, KilledBeforeItsFirstCommitIsTakenUp) {
  std::ofstream(folder_ + "/empty").close();
  Ledger fresh = Ledger::open(folder_ + "/empty", clock_);
  SiteBook(fresh).init_self(tex_, "Texas", incarnation(1));
  EXPECT_EQ(SiteBook(fresh).self().code.str(), "TEX");
}

TEST_F(LedgerTest, OpensInAFolderWithAnOddName) {
  const std::string odd = folder_ + "/a = b 'c' %d";
  std::filesystem::create_directory(odd);
  { Ledger::create(odd + "/ledger.sqlite", clock_); }
  Ledger::open(odd + "/ledger.sqlite", clock_);
  EXPECT_TRUE(std::filesystem::exists(odd + "/ledger.sqlite"));
}

TEST_F(LedgerTest, KeepsAllOfATransactionOrNothing) {
  try {
    Transaction t(*ledger_);
    join(pse_);
    throw Error(ErrorCode::device, "x", "y");
  } catch (const Error&) {
  }
  EXPECT_FALSE(SiteBook(*ledger_).find(pse_));
  {
    Transaction outer(*ledger_);
    join(pse_);
    {
      Transaction inner(*ledger_);
      join(tex_);
    }
    outer.commit();
  }
  EXPECT_TRUE(SiteBook(*ledger_).find(pse_));
  EXPECT_FALSE(SiteBook(*ledger_).find(tex_));
}

TEST_F(LedgerTest, KilledWithinATransactionIsAsBefore) {
  for (int round = 0; round < 3; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      Ledger mine = reopen();
      Transaction t(mine);
      for (int i = 0; i < 200; ++i) StatusLog(mine).tell("4400", Severity::info, {}, {});
      kill(getpid(), SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
  }
  Ledger again = reopen();
  EXPECT_TRUE(StatusLog(again).list().empty());
  EXPECT_EQ(std::get<0>(*sql::row<std::string>(again.impl(), "PRAGMA integrity_check")), "ok");
}

TEST_F(LedgerTest, ShortTransactionsOfTwoProcessesWaitForEachOther) {
  join(pse_);
  Ledger other = reopen();
  std::thread holder;
  {
    Transaction t(*ledger_);
    Settings(*ledger_).set("dp.retries", "7");
    // The other connection waits in SQLite's busy handler until this one has committed.
    holder = std::thread([&] { Settings(other).set("dp.retries", "8"); });
    t.commit();
  }
  holder.join();
  EXPECT_EQ(Settings(*ledger_).number("dp.retries"), 8);
  Ledger hasty = Ledger::open(path_, clock_, {.busy_timeout = std::chrono::milliseconds(1)});
  Transaction t(*ledger_);
  EXPECT_EQ(code_of([&] { Transaction blocked(hasty); }), ErrorCode::busy);
}

TEST_F(LedgerTest, ReadsOfOneMomentSeeNoCommitBetweenThem) {
  Ledger hasty = Ledger::open(path_, clock_, {.busy_timeout = std::chrono::milliseconds(1)});
  {
    const sql::Moment moment(ledger_->impl());
    EXPECT_EQ(Settings(*ledger_).number("dp.retries"), 100);
    EXPECT_EQ(code_of([&] { Settings(hasty).set("dp.retries", "7"); }), ErrorCode::busy);
    EXPECT_EQ(Settings(*ledger_).number("dp.retries"), 100);
  }
  Settings(hasty).set("dp.retries", "7");
  EXPECT_EQ(Settings(*ledger_).number("dp.retries"), 7);
}

TEST_F(LedgerTest, NothingIsWrittenAfterATransactionWasTakenBack) {
  {
    Transaction t(*ledger_);
    Settings(*ledger_).set("dp.retries", "7");
    sql::run(ledger_->impl(), "ROLLBACK");  // as SQLite does by itself when the disk is full
    EXPECT_EQ(code_of([&] { Settings(*ledger_).set("dp.retries", "8"); }), ErrorCode::device);
    EXPECT_EQ(code_of([&] { t.commit(); }), ErrorCode::device);
  }
  EXPECT_EQ(Settings(*ledger_).number("dp.retries"), 100);
  Settings(*ledger_).set("dp.retries", "9");
  EXPECT_EQ(Settings(*ledger_).number("dp.retries"), 9);
}

TEST_F(LedgerTest, IsSharedByThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 25; ++k) {
        Transaction t(*ledger_);
        StatusLog(*ledger_).tell("4400", Severity::info, {}, {});
        t.commit();
      }
    });
  for (auto& t : threads) t.join();
  const auto all = StatusLog(*ledger_).list();
  ASSERT_EQ(all.size(), 100u);
  EXPECT_EQ(all.back().sequence, 100u);
}

TEST_F(LedgerTest, EveryArrowIsInTheFileAndTriggersRefuseTheRest) {
  EXPECT_EQ(sql::number(ledger_->impl(), "SELECT count(*) FROM arrow"),
            static_cast<long long>(arrows().size()));
  join(pse_);
  const auto job = add_job(add_package(), pse_);
  // A faulty program that goes past the books.
  EXPECT_EQ(code_of([&] {
              sql::run(ledger_->impl(),
                       "UPDATE job SET step = 'confirmed', parcel = 'x'"
                       " WHERE number = :n AND step = 'cancelled'",
                       job);
              sql::run(ledger_->impl(), "UPDATE job SET step = 'failed' WHERE number = :n", job);
            }),
            ErrorCode::internal);
  EXPECT_EQ(code_of([&] { sql::run(ledger_->impl(), "UPDATE job SET step = 'nonsense'"); }),
            ErrorCode::internal);
  EXPECT_EQ(code_of([&] { sql::run(ledger_->impl(), "DELETE FROM history"); }),
            ErrorCode::internal);
  EXPECT_EQ(code_of([&] { sql::run(ledger_->impl(), "UPDATE history SET who = 'me'"); }),
            ErrorCode::internal);
}

TEST_F(LedgerTest, TextIsDataWhateverItSays) {
  const std::string nasty = "'; DROP TABLE job; --\n%0A\"\\ \xC3\x85";
  PackageRow p;
  p.id = PackageId::make(pun_, 1);
  p.name = nasty;
  p.source_path = std::string("/raw/\xFF\xFE") + nasty;
  VersionRow v;
  v.version = 1;
  PackageBook(*ledger_).add(p, v);
  EXPECT_EQ(PackageBook(*ledger_).get(p.id).name, nasty);
  EXPECT_EQ(PackageBook(*ledger_).get(p.id).source_path, p.source_path);
  join(pse_);
  NewJob j;
  j.package = p.id;
  j.version = 1;
  j.site = pse_;
  j.dps = {nasty, "plain", "50%"};
  const auto number = JobBook(*ledger_).accept(j, nasty);
  EXPECT_EQ(JobBook(*ledger_).get(number).dps, j.dps);
  EXPECT_EQ(ledger_->history("job", std::to_string(number)).front().evidence, nasty);
}

TEST_F(LedgerTest, CopyIsWholeAndNeverOverwrites) {
  join(pse_);
  add_job(add_package(), pse_);
  const std::string copy = folder_ + "/copy";
  ledger_->copy_to(copy);
  struct stat info {};
  ASSERT_EQ(stat(copy.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  Ledger other = Ledger::open(copy, clock_);
  EXPECT_EQ(JobBook(other).list().size(), 1u);
  EXPECT_EQ(code_of([&] { ledger_->copy_to(copy); }), ErrorCode::not_allowed);
}

TEST_F(LedgerTest, RestoreVoidsProofsAndNeverGivesANumberTwice) {
  const auto [id, job] = routed_job(pse_);
  JobBook jobs(*ledger_);
  ParcelBook parcels(*ledger_);
  const auto ids = create_parcel({pse_}, {{.package = id, .version = 1, .jobs = {job}}});
  parcels.mark_sent(ids[0]);
  ReceivedReturn r;
  r.holdings = {{id, 1, digest("root"), false, {}}};
  ReturnBook(*ledger_).replace_proofs(pse_, r);

  reset_for_restore(*ledger_, incarnation(2), {{id, 1}});

  EXPECT_EQ(SiteBook(*ledger_).self().incarnation, incarnation(2));
  EXPECT_TRUE(ReturnBook(*ledger_).holdings(pse_).empty());
  EXPECT_EQ(jobs.get(job).step, JobStep::accepted);
  EXPECT_TRUE(parcels.get(ids[0]).lost());
  EXPECT_EQ(parcels.reserve({pse_})[0].number, 1001u);
  EXPECT_EQ(PackageBook(*ledger_).get(id).stored_version, 1u);
  reset_for_restore(*ledger_, incarnation(3), {});
  EXPECT_EQ(PackageBook(*ledger_).get(id).stored_version, 0u);
  EXPECT_EQ(parcels.reserve({pse_})[0].number, 2001u);
}

TEST_F(LedgerTest, ARestoreDiscardsWhatNeverLeftAndPlansItsJobsAnew) {
  const auto [id, job] = routed_job(pse_);
  JobBook jobs(*ledger_);
  ParcelBook parcels(*ledger_);
  const std::vector<ParcelId> made{
      create_parcel({pse_}, {{.package = id, .version = 1, .jobs = {job}}})[0],
      create_parcel({pse_}, {}, true)[0]};
  reset_for_restore(*ledger_, incarnation(2), {{id, 1}});
  EXPECT_EQ(jobs.get(job).step, JobStep::routed);
  for (const ParcelId& parcel : made) {
    EXPECT_EQ(parcels.get(parcel).state(), ParcelState::discarded);
    EXPECT_FALSE(parcels.get(parcel).lost());
    const HistoryRow last = ledger_->history("parcel", parcel.str()).back();
    EXPECT_EQ(last.event + " " + last.from + " " + last.to, "P4 Created discarded");
  }
}

TEST_F(LedgerTest, ASiteOfANewIncarnationHasProvedNothing) {
  const auto [id, job] = routed_job(pse_);
  JobBook jobs(*ledger_);
  ParcelBook parcels(*ledger_);
  const auto ids = create_parcel({pse_}, {{.package = id, .version = 1, .jobs = {job}}});
  ReceivedReturn r;
  r.holdings = {{id, 1, digest("root"), false, {}}};
  ReturnBook(*ledger_).replace_proofs(pse_, r);
  SiteBook sites(*ledger_);
  sites.see_incarnation(pse_, incarnation(1));
  EXPECT_EQ(ReturnBook(*ledger_).holdings(pse_).size(), 1u);
  sites.see_incarnation(pse_, incarnation(2));
  EXPECT_TRUE(ReturnBook(*ledger_).holdings(pse_).empty());
  EXPECT_EQ(jobs.get(job).step, JobStep::routed);
  // It never left: nothing is lost.
  EXPECT_EQ(parcels.get(ids[0]).state(), ParcelState::discarded);
  EXPECT_FALSE(parcels.get(ids[0]).lost());
}

TEST_F(LedgerTest, ANewIncarnationVoidsAJointParcelForThatSiteAlone) {
  join(pse_);
  join(tex_);
  ParcelBook parcels(*ledger_);
  const auto ids = create_parcel({pse_, tex_});
  SiteBook(*ledger_).see_incarnation(pse_, incarnation(2));
  EXPECT_EQ(parcels.get(ids[0]).state(), ParcelState::created);
  EXPECT_FALSE(parcels.get(ids[0]).payload_removed);
  parcels.mark_sent(ids[1], tex_);
  parcels.confirm(ids[1], tex_, "TEX-PUN-000001");
  clock_.tick(std::chrono::hours(1));
  ASSERT_EQ(parcels.removable(clock_.now()).size(), 1u);
  parcels.payload_removed(ids[1]);
  EXPECT_TRUE(parcels.get(ids[0]).payload_removed);
}

TEST_F(LedgerTest, ARefusedStepSaysWhatWasWantedAndWhereToLook) {
  join(pse_);
  ParcelBook parcels(*ledger_);
  const auto ids = create_parcel({pse_});
  try {
    parcels.mark_lost(ids[0], {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.happened(), "it is Created and cannot be declared lost");
    EXPECT_EQ(e.hint(), "courier parcel show PUN-PSE-000001");
  }
}

TEST_F(LedgerTest, ANewIncarnationLosesASentParcel) {
  join(pse_);
  ParcelBook parcels(*ledger_);
  const auto ids = create_parcel({pse_});
  parcels.mark_sent(ids[0], {});
  SiteBook(*ledger_).see_incarnation(pse_, incarnation(2));
  EXPECT_EQ(parcels.get(ids[0]).state(), ParcelState::sent);
  EXPECT_TRUE(parcels.get(ids[0]).lost());
}

TEST_F(LedgerTest, FirstJoinMakesACourierAddress) {
  join(pse_);
  AddressBook addresses(*ledger_);
  ASSERT_EQ(addresses.of(pse_).size(), 1u);
  EXPECT_EQ(addresses.of(pse_)[0].sender, "courier");
  EXPECT_EQ(addresses.of(pse_)[0].priority, 1u);
  AddressRow folder{.site = pse_, .sender = "folder", .folder = "xch", .priority = 1};
  EXPECT_EQ(code_of([&] { addresses.add(folder); }), ErrorCode::not_allowed);
  folder.priority = 2;
  addresses.add(folder);
  EXPECT_EQ(addresses.of(pse_).size(), 2u);
  folder.folder.clear();
  EXPECT_EQ(code_of([&] { addresses.set(folder); }), ErrorCode::usage);
  addresses.remove(pse_, "courier");
  EXPECT_EQ(code_of([&] { addresses.remove(pse_, "courier"); }), ErrorCode::not_found);
  join(pse_);
  EXPECT_EQ(addresses.of(pse_).size(), 1u);
  addresses.remove(pse_, "folder");
  join(pse_);
  EXPECT_EQ(addresses.of(pse_)[0].sender, "courier");
}

TEST_F(LedgerTest, SettingsHaveDefaultsAndRanges) {
  Settings settings(*ledger_);
  EXPECT_EQ(settings.number("dp.retries"), 100);
  EXPECT_EQ(settings.number("dp.reserve"), 256ll << 20);
  settings.set("key.wait", "2d");
  EXPECT_EQ(settings.minutes("key.wait"), std::chrono::minutes(2880));
  settings.set("log.max-size", "10 KiB");
  EXPECT_EQ(settings.number("log.max-size"), 10240);
  for (const auto& given :
       std::vector<std::pair<std::string, std::string>>{{"dp.retries", "0"},
                                                        {"dp.retries", "1001"},
                                                        {"dp.retries", ""},
                                                        {"dp.retries", "5x"},
                                                        {"parcel.grace", "-1"},
                                                        {"parcel.grace", "36h"},
                                                        {"log.max-size", "9K"},
                                                        {"dp.reserve", "99999999999T"},
                                                        {"no.such", "1"}})
    EXPECT_EQ(code_of([&] { settings.set(given.first, given.second); }), ErrorCode::usage)
        << given.first << given.second;
  EXPECT_EQ(settings.list().size(), setting_table().size());
  for (const Settings::Value& value : settings.list()) {
    if (value.row->name == "key.wait") {
      EXPECT_EQ(value.value, "2880");
    }
    if (value.row->name == "dp.reserve") {
      EXPECT_EQ(value.value, "268435456");
    }
  }
}

TEST_F(LedgerTest, AStatusMessageHasTheComponentAndLevelOfItsMeaning) {
  StatusLog log(*ledger_);
  for (const StatusMeaning& meaning : status_meanings()) {
    log.tell(meaning.id, Severity::warning, PackageId::make(pun_, 1), {"x"});
    const StatusMessage told = log.list(std::string(meaning.id)).at(0);
    EXPECT_EQ(told.component, meaning.component) << meaning.id;
    EXPECT_EQ(told.milestone, meaning.milestone) << meaning.id;
    EXPECT_EQ(told.severity, Severity::warning);
    EXPECT_EQ(told.site, pun_);
  }
}

TEST_F(LedgerTest, StatusMessagesOfAnotherSiteAreKeptOnce) {
  join(pse_);
  StatusLog log(*ledger_);
  EXPECT_EQ(log.tell("2301", Severity::info, {}, {"Field tools", "PUN00020"}), 1u);
  StatusMessage theirs{.sequence = 5, .id = "4400", .strings = {"PUN00020", "1"}};
  log.add_returned(pse_, incarnation(1), {theirs});
  log.add_returned(pse_, incarnation(1), {theirs});
  EXPECT_EQ(log.list({}, pse_).size(), 1u);
  EXPECT_EQ(log.list("4400").size(), 1u);
  EXPECT_EQ(status_text(log.list({}, pun_)[0]),
            "Distribution Manager successfully processed package Field tools (package ID = "
            "PUN00020)");
  EXPECT_EQ(status_text(log.list({}, pse_)[0]), "stored: PUN00020, 1");
  EXPECT_EQ(code_of([&] { log.add_returned(pun_, incarnation(1), {theirs}); }),
            ErrorCode::not_trusted);
  log.note_told(pse_, 3, 1);
  EXPECT_EQ(log.acknowledged(pse_), 0u);
  SiteBook(*ledger_).acknowledge_returns(pse_, 3, "label of PSE-PUN-000009");
  EXPECT_EQ(log.acknowledged(pse_), 1u);
}

}  // namespace
}  // namespace courier
