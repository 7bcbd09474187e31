// The books of what is on DPs: package_dp_book, transfer_book, dp_book.
#include "ledger/arrows.h"
#include "ledger/dp_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/sql.h"
#include "ledger/transfer_book.h"
#include "tests/unit/ledger/ledger_fixture.h"

namespace courier {
namespace {

class DistributionBooksTest : public LedgerTest {
 protected:
  DistributionBooksTest() {
    join(pse_);
    package_ = add_package();
    key_ = {pun_, "D1", package_};
    DpRow d;
    d.name = "D1";
    d.paths = {"/srv/d1"};
    DpBook(*ledger_).add(d);
  }
  PackageDpBook rows() { return PackageDpBook(*ledger_); }
  TransferBook transfers() { return TransferBook(*ledger_); }
  bool target(std::uint32_t version, bool whole = false) {
    return rows().target(key_, version, 1, whole, PendingReason::queued, "job 1");
  }
  PackageDpRow row() { return rows().get(key_); }
  // A row put there past the books.
  void put(PackageState state, std::uint32_t version, std::uint32_t served) {
    sql::run(ledger_->impl(), "DELETE FROM package_dp");
    sql::run(ledger_->impl(),
             "INSERT INTO package_dp VALUES('PUN', 'D1', :p, :v, :s, :t, 0, 0, '', 0, 0, NULL,"
             " NULL, 1, '', '', 0, '')",
             package_, version, served, state);
  }

  PackageId package_;
  PackageDpKey key_;
};

// Sites, DPs and states that the rows of a fleet have, against what the rows themselves say.
TEST_F(DistributionBooksTest, CountsOfAPackageAreThoseOfItsRows) {
  const std::uint32_t source = PackageBook(*ledger_).get(package_).source_version;
  int as_of = 0;
  for (const SiteCode& site : {pun_, pse_}) {
    for (const char* dp : {"", "D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D9"}) {
      sql::run(ledger_->impl(),
               "INSERT INTO package_dp VALUES(:a, :b, :p, :v, 0, :s, 0, 0, '', 0, :i, NULL, NULL,"
               " 1, '', '', :t, '')",
               site, dp, package_, source + as_of % 2, as_of % 9, as_of % 3 == 0, as_of);
      ++as_of;
    }
  }
  PackageCount expected{package_};
  for (const PackageDpRow& one : rows().list()) {
    if (one.key.dp.empty()) {
      ++expected.sites;
      continue;
    }
    ++expected.targeted;
    const PackageState state = one.state;
    expected.installed += state == PackageState::installed && one.version == source;
    expected.retrying +=
        state == PackageState::install_retrying || state == PackageState::removal_retrying;
    expected.failed +=
        state == PackageState::install_failed || state == PackageState::removal_failed;
    expected.invalid += one.invalid;
  }
  const std::vector<PackageCount> counts = rows().counts();
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts[0].package, package_);
  EXPECT_EQ(counts[0].sites, 2u);
  EXPECT_EQ(counts[0].targeted, expected.targeted);
  EXPECT_EQ(counts[0].installed, expected.installed);
  EXPECT_EQ(counts[0].retrying, expected.retrying);
  EXPECT_EQ(counts[0].failed, expected.failed);
  EXPECT_EQ(counts[0].invalid, expected.invalid);
  EXPECT_GT(expected.installed * expected.retrying * expected.failed * expected.invalid, 0u);
  EXPECT_EQ(rows().of_site(pse_).size(), 10u);
  for (const PackageDpRow& one : rows().of_site(pse_)) EXPECT_EQ(one.key.site, pse_);
}

using Act = std::function<void(PackageDpBook&, const PackageDpKey&)>;
struct DpArrow {
  std::vector<std::string> events;
  Act act;
};

TEST_F(DistributionBooksTest, EveryArrowOfAPackageOnADpMovesAndEveryOtherIsNotAllowed) {
  const Time now = clock_.now();
  const std::vector<DpArrow> acts = {
      {{"T2", "T13"}, [](auto& b, auto& k) { b.pending(k, PendingReason::created, "", "parcel"); }},
      {{"T13"},
       [](auto& b, auto& k) { b.pending(k, PendingReason::waiting_for_content, "", "e"); }},
      {{"T5", "T16"}, [](auto& b, auto& k) { b.installed(k, "read back"); }},
      {{"T6", "T7"}, [&](auto& b, auto& k) { b.failed_attempt(k, "gone", 9, now); }},
      {{"T8"}, [](auto& b, auto& k) { b.failed(k, "gone"); }},
      {{"T9", "T19"}, [](auto& b, auto& k) { b.cancel(k, "ana"); }},
      {{"T15"}, [](auto& b, auto& k) { b.invalid(k, "setup/a differs"); }},
      {{"T17", "T20"}, [](auto& b, auto& k) { b.retract(k, 2, "operator"); }},
      {{"T18"}, [](auto& b, auto& k) { b.removed(k, "removed"); }},
      {{"T19"}, [&](auto& b, auto& k) { b.removal_failed(k, "busy", 3, now); }},
      {{"T19"}, [](auto& b, auto& k) { b.removal_failed(k, "busy", std::nullopt, std::nullopt); }},
  };
  Transaction all_at_once(*ledger_);
  auto book = rows();
  int moved = 0;
  for (int s = 0; s <= 8; ++s) {
    for (const auto& a : acts) {
      put(static_cast<PackageState>(s), 2, 1);
      const std::string from = std::to_string(s);
      try {
        a.act(book, key_);
        const auto after = book.find(key_);
        const std::string to = after ? std::to_string(static_cast<int>(after->state)) : "";
        // Retract of a removal under way changes nothing.
        if (a.events[0] == "T17" && (s == 4 || s == 5)) {
          EXPECT_EQ(to, from);
          continue;
        }
        const bool exists = std::any_of(arrows().begin(), arrows().end(), [&](const Arrow& x) {
          return x.machine == "package-dp" && x.from == from && x.to == to &&
                 std::find(a.events.begin(), a.events.end(), x.event) != a.events.end();
        });
        EXPECT_TRUE(exists) << a.events[0] << " from " << from << " to " << to;
        ++moved;
      } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::not_allowed) << e.what();
        EXPECT_EQ(static_cast<int>(row().state), s);
      }
    }
  }
  EXPECT_EQ(moved, 3 + 3 + 4 + 3 + 1 + 5 + 1 + 7 + 2 + 2 + 2);
}

TEST_F(DistributionBooksTest, InstalledNeedsTheContentToBeOnTheWay) {
  for (const auto s : {PackageState::installed, PackageState::install_failed,
                       PackageState::removal_pending, PackageState::removal_failed}) {
    put(s, 1, 0);
    EXPECT_EQ(code_of([&] { rows().installed(key_, "e"); }), ErrorCode::not_allowed);
  }
}

TEST_F(DistributionBooksTest, AHigherVersionUpdatesWhileTheOldOneIsServed) {
  EXPECT_TRUE(target(1));
  EXPECT_EQ(row().state, PackageState::install_pending);
  EXPECT_FALSE(target(1));
  rows().installed(key_, "read back");
  EXPECT_EQ(row().served, 1u);
  EXPECT_FALSE(target(1));
  EXPECT_TRUE(target(2));
  EXPECT_EQ(row().state, PackageState::content_updating);
  EXPECT_EQ(row().served, 1u);
  EXPECT_FALSE(target(1));
  rows().cancel(key_, "ana");
  EXPECT_EQ(row().reason, "cancelled by ana, version 1 still served");
  EXPECT_EQ(row().state, PackageState::install_failed);
}

TEST_F(DistributionBooksTest, RedistributeStartsOverWithEveryFile) {
  target(1);
  rows().installed(key_, "read back");
  rows().invalid(key_, "a differs");
  EXPECT_TRUE(row().invalid);
  EXPECT_EQ(row().state, PackageState::installed);
  EXPECT_TRUE(target(1, true));
  EXPECT_EQ(row().state, PackageState::install_pending);
  EXPECT_TRUE(row().whole);
  rows().installed(key_, "read back");
  EXPECT_FALSE(row().invalid);
  EXPECT_FALSE(row().whole);
}

TEST_F(DistributionBooksTest, ANewDecisionUndoesARemovalNotYetDone) {
  target(1);
  rows().installed(key_, "e");
  rows().retract(key_, 2, "operator");
  EXPECT_EQ(row().state, PackageState::removal_pending);
  EXPECT_TRUE(target(1));
  EXPECT_EQ(row().state, PackageState::install_pending);
}

TEST_F(DistributionBooksTest, AReturnReplacesWhatTheOriginThinks) {
  auto book = rows();
  const PackageDpKey store{pse_, "", package_}, d1{pse_, "D1", package_};
  const auto job = add_job(package_, pse_);
  JobBook jobs(*ledger_);
  book.target(store, 1, job, false, PendingReason::not_created, "job");
  const auto said = [&](PackageState state, std::uint32_t version, std::uint32_t served) {
    book.as_returned(pse_,
                     {{"", package_, version, served, state, "", false, clock_.now()},
                      {"D1", package_, version, served, state, "why", false, clock_.now()}},
                     "PSE-PUN-000001");
  };
  // The job is still open: its row stays what it is; a DP not known before is taken as it is said.
  said(PackageState::installed, 1, 1);
  EXPECT_EQ(book.get(store).state, PackageState::install_pending);
  EXPECT_EQ(book.get(d1).state, PackageState::installed);
  jobs.route(job, "courier");
  jobs.take(job, "PUN-PSE-000001");
  jobs.confirm(job, PackageState::installed, clock_.now(), "PSE-PUN-000002", "");
  said(PackageState::installed, 1, 1);
  EXPECT_EQ(book.get(store).state, PackageState::installed);
  EXPECT_EQ(book.get(store).as_of, clock_.now());
  said(PackageState::install_retrying, 1, 0);
  EXPECT_EQ(book.get(d1).state, PackageState::install_retrying);
  EXPECT_EQ(book.get(d1).reason, "why");
  book.as_returned(pse_, {}, "PSE-PUN-000003");
  EXPECT_FALSE(book.find(store));
  EXPECT_FALSE(book.find(d1));
}

TEST_F(DistributionBooksTest, TheJobOfANewVersionIsNotUndoneByAnOlderReturn) {
  auto book = rows();
  const PackageDpKey store{pse_, "", package_};
  const ReturnDpState v1{"", package_, 1, 1, PackageState::installed, "", false, clock_.now()};
  book.as_returned(pse_, {v1}, "r1");
  add_version(package_, 2);
  const auto job = add_job(package_, pse_, Priority::medium, 2);
  book.target(store, 2, job, false, PendingReason::not_created, "job");
  EXPECT_EQ(book.get(store).state, PackageState::content_updating);
  book.as_returned(pse_, {v1}, "r2");
  EXPECT_EQ(book.get(store).state, PackageState::content_updating);
  EXPECT_EQ(book.get(store).version, 2u);
  book.as_returned(pse_, {}, "r3");
  EXPECT_EQ(book.get(store).state, PackageState::install_pending);
  EXPECT_EQ(book.get(store).served, 0u);
}

TEST_F(DistributionBooksTest, EveryArrowOfATransferMovesAndEveryOtherIsNotAllowed) {
  NewJob j{.package = package_, .version = 1, .site = pun_};
  const Time now = clock_.now();
  using T = std::function<void(TransferBook&, std::uint64_t)>;
  const std::vector<std::pair<std::string, T>> acts = {
      {"X2", [](auto& b, auto n) { b.ready(n, "D1"); }},
      {"X3", [&](auto& b, auto n) { b.not_ready(n, "D1", "unmounted", now); }},
      {"X4", [](auto& b, auto n) { b.start(n, "D1"); }},
      {"X5", [](auto& b, auto n) { b.progress(n, "D1"); }},
      {"X6", [](auto& b, auto n) { b.complete(n, "D1", "equal"); }},
      {"X7", [&](auto& b, auto n) { b.interrupt(n, "D1", "gone", now, true); }},
      {"X8", [](auto& b, auto n) { b.restart(n, "D1"); }},
      {"X8", [](auto& b, auto n) { b.fail(n, "D1", "gone"); }},
      {"X9", [](auto& b, auto n) { b.cancel(n, "D1", "ana"); }},
      {"X9", [](auto& b, auto n) { b.supersede(n, "D1", 99); }},
      {"X11", [](auto& b, auto n) { b.suspend(n, "D1"); }},
      {"X11", [](auto& b, auto n) { b.resume(n, "D1"); }},
  };
  // How each state is reached: numbers of acts.
  const std::vector<std::vector<std::size_t>> paths = {{},           {0},    {0, 2}, {0, 2, 3}, {1},
                                                       {0, 2, 3, 4}, {1, 7}, {8},    {10}};
  Transaction all_at_once(*ledger_);
  auto book = transfers();
  std::size_t moved = 0;
  for (std::size_t s = 0; s < paths.size(); ++s) {
    for (const auto& one : acts) {
      const auto& event = one.first;
      const auto& act = one.second;
      const auto n = JobBook(*ledger_).accept_local(j, "test");
      book.add({.job = n, .dp = "D1", .package = package_, .version = 1, .retries_left = 5});
      for (const auto step : paths[s]) acts[step].second(book, n);
      ASSERT_EQ(static_cast<std::size_t>(book.get(n, "D1").state), s);
      try {
        act(book, n);
        ++moved;
        const auto to = std::to_string(static_cast<int>(book.get(n, "D1").state));
        EXPECT_TRUE(std::any_of(arrows().begin(), arrows().end(),
                                [&](const Arrow& x) {
                                  return x.machine == "transfer" && x.event == event &&
                                         x.from == std::to_string(s) && x.to == to;
                                }))
            << event << " from " << s << " to " << to;
      } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::not_allowed) << e.what();
        EXPECT_EQ(static_cast<std::size_t>(book.get(n, "D1").state), s);
      }
    }
  }
  // X2-X8: 10 (X8 twice), X9: 6 states and two ways, X11: 4.
  EXPECT_EQ(moved, 9u + 12u + 4u);
}

TEST_F(DistributionBooksTest, ATransferCountsItsRetriesAndIsDueAgain) {
  NewJob j{.package = package_, .version = 1, .site = pun_};
  const auto n = JobBook(*ledger_).accept_local(j, "test");
  auto book = transfers();
  book.add({.job = n, .dp = "D1", .package = package_, .version = 1, .retries_left = 2});
  EXPECT_EQ(book.due(clock_.now()).size(), 1u);
  book.not_ready(n, "D1", "unmounted", clock_.now() + std::chrono::minutes(30));
  EXPECT_EQ(book.get(n, "D1").retries_left, 1u);
  EXPECT_TRUE(book.due(clock_.now()).empty());
  clock_.tick(std::chrono::minutes(30));
  EXPECT_EQ(book.due(clock_.now()).size(), 1u);
  book.restart(n, "D1");
  book.start(n, "D1");
  book.interrupt(n, "D1", "window closed", clock_.now(), false);
  EXPECT_EQ(book.get(n, "D1").retries_left, 1u);
  book.restart(n, "D1");
  book.start(n, "D1");
  EXPECT_EQ(book.recover_running("courier was stopped"), 1u);
  EXPECT_EQ(book.get(n, "D1").state, TransferState::pending_restart);
  EXPECT_EQ(book.get(n, "D1").retries_left, 1u);
  EXPECT_EQ(book.open_on("D1", package_).size(), 1u);
}

TEST_F(DistributionBooksTest, CancelIsTooLateDuringVerificationAndNeverForTheOwnDp) {
  NewJob j{.package = package_, .version = 1, .site = pun_};
  const auto n = JobBook(*ledger_).accept_local(j, "test");
  auto book = transfers();
  book.add({.job = n, .dp = "D1", .package = package_, .version = 1});
  book.ready(n, "D1");
  book.start(n, "D1");
  book.progress(n, "D1");
  book.set_phase(n, "D1", TransferPhase::verifying);
  EXPECT_FALSE(book.cancel(n, "D1", "ana"));
  EXPECT_EQ(book.get(n, "D1").state, TransferState::in_progress);
  EXPECT_EQ(ledger_->history("transfer", std::to_string(n) + "/D1").back().event, "X10");
  book.complete(n, "D1", "equal");
  EXPECT_EQ(code_of([&] { book.cancel(n, "D1", "ana"); }), ErrorCode::not_allowed);
  DpRow own;
  own.name = "OWN";
  own.own = true;
  DpBook(*ledger_).add(own);
  book.add({.job = n, .dp = "OWN", .package = package_, .version = 1});
  EXPECT_FALSE(book.cancel(n, "OWN", "ana"));
}

TEST_F(DistributionBooksTest, DpsKeepAllThatIsSaidOfThem) {
  DpRow d;
  d.name = "D2";
  d.paths = {"/a b\n", "/c"};
  d.types = {"server", "bits"};
  d.mark = "aa";
  d.reserve_bytes = 5;
  d.sources = {{"D9", 2}, {"D1", 1}};
  d.serves = {"K1"};
  d.owner = "www";
  d.setid = true;
  d.atomic_swap = false;
  DpBook book(*ledger_);
  book.add(d);
  const DpRow got = book.get("D2");
  EXPECT_EQ(got.paths, d.paths);
  EXPECT_EQ(got.types, d.types);
  EXPECT_EQ(got.reserve_bytes, d.reserve_bytes);
  EXPECT_EQ(got.sources.front().first, "D1");
  EXPECT_TRUE(got.setid);
  EXPECT_FALSE(got.atomic_swap);
  EXPECT_EQ(code_of([&] { book.add(d); }), ErrorCode::not_allowed);
  d.name = "PSE";
  EXPECT_EQ(code_of([&] { book.add(d); }), ErrorCode::not_allowed);
  d.name = "D2";
  d.paths = {"/new"};
  book.set(d);
  EXPECT_EQ(book.get("D2").paths, d.paths);
  EXPECT_EQ(code_of([&] { book.get("D9"); }), ErrorCode::not_found);
}

TEST_F(DistributionBooksTest, RemovingADpEndsWhatWasUnderWayThere) {
  target(1);
  NewJob j{.package = package_, .version = 1, .site = pun_};
  const auto n = JobBook(*ledger_).accept_local(j, "test");
  transfers().add({.job = n, .dp = "D1", .package = package_, .version = 1});
  DpBook book(*ledger_);
  book.remove("D1");
  EXPECT_FALSE(rows().find(key_));
  EXPECT_EQ(transfers().get(n, "D1").state, TransferState::cancelled);
}

}  // namespace
}  // namespace courier
