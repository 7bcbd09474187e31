// Every call that a publish makes to the share's file system is made to fail, once and for good:
// the share serves a whole version, the old one or the new one, and the next run puts all in order.
#include "distribution/share_swap.h"

#include <cerrno>

#include "distribution/share.h"
#include "distribution/transfer.h"
#include "tests/unit/distribution/distribution_fixture.h"

namespace courier::test {
namespace {

// 0: a file system that exchanges; 1: one that does not.
class Swapping : public DistributionTest, public ::testing::WithParamInterface<int> {
 protected:
  // A home of its own for each round, with version 1 served and version 2 stored.
  void make_ready(bool plain_renames) {
    if (plain_renames) fs.pretend_plain_renames();
    add("files");
    version(tools, source("v1", {{"a/one", noise(70'000, 1)}, {"same", noise(80'000, 2)}}));
    manager().publish(tools, 1, {}, PublishMode::install, {});
    version(tools, source("v2", {{"a/two", noise(90'000, 3)}, {"same", noise(80'000, 2)}}));
    v1 = tree_of(folder / "v1");
    v2 = tree_of(folder / "v2");
  }
  std::map<std::string, std::string> served() { return tree_of(folder / "files/PSE00020"); }

  std::map<std::string, std::string> v1, v2;
};

TEST_P(Swapping, ExchangesOrRenamesTwice) {
  make_ready(GetParam() == 1);
  EXPECT_EQ(show_dp(parts(), "files").row.atomic_swap, GetParam() == 0);
  const auto report = manager().publish(tools, 2, {}, PublishMode::install, {});
  EXPECT_EQ(report.exit_status(), 0);
  EXPECT_EQ(served(), v2);
  EXPECT_EQ(entries_in(folder / "files/.courier/staging"), 0u);
}

// The transfer alone, without rows: what the share serves hangs on nothing else.
class SwapFaults : public DistributionTest,
                   public ::testing::WithParamInterface<std::tuple<bool, bool>> {
 protected:
  TransferOrder order(std::uint32_t number) {
    TransferOrder order;
    order.package = tools;
    order.version = number;
    order.root = PackageBook{ledger}.get_version(tools, number).root;
    order.folder = tools.str();
    return order;
  }

  // One round on a share of its own. False when the transfer makes fewer than n calls.
  bool fails_at(std::uint64_t n, bool plain_renames, bool stays) {
    const std::string path = share("share" + std::to_string(n));
    const SiteCode site = SiteCode::parse("PSE");
    FaultyFileSystem drive{real};
    if (plain_renames) drive.pretend_plain_renames();
    claim_share(drive, entropy, path, site, "files", "", clock.now(), false);
    transfer(store, Share::open(drive, path, site, "files", ""), entropy, order(1));

    const std::uint64_t before = drive.calls();
    drive.fail_at(n, EIO, stays);
    bool done = false;
    try {
      transfer(store, Share::open(drive, path, site, "files", ""), entropy, order(2));
      done = true;
    } catch (const Error&) {
    }
    const bool reached = drive.calls() - before >= n;
    drive.fail_at(0, 0);
    const auto now = tree_of(path + "/PSE00020");
    // Two renames have an instant in which nothing is served; never is it something else.
    const bool nothing = now.empty() && plain_renames && stays;
    EXPECT_TRUE(now == v1 || now == v2 || nothing) << "call " << n;
    if (done) {
      EXPECT_EQ(now, v2) << "call " << n;
    }

    // The next run with a drive that works puts all in order: first what was cut short, then anew.
    const Share again = Share::open(drive, path, site, "files", "");
    finish_swaps(again);
    const auto finished = tree_of(path + "/PSE00020");
    EXPECT_TRUE(finished == v1 || finished == v2) << "call " << n;
    EXPECT_EQ(entries_in(path + "/.courier/staging"), 0u) << "call " << n;
    transfer(store, again, entropy, order(2));
    EXPECT_EQ(tree_of(path + "/PSE00020"), v2) << "call " << n;
    EXPECT_EQ(entries_in(path + "/.courier/staging"), 0u) << "call " << n;
    std::filesystem::remove_all(path);
    return reached;
  }

  std::map<std::string, std::string> v1, v2;
};

TEST_P(SwapFaults, TheShareServesAWholeVersionWhateverCallFails) {
  const auto [plain_renames, stays] = GetParam();
  version(tools, source("v1", {{"a/one", noise(70'000, 1)}, {"same", noise(80'000, 2)}}));
  version(tools, source("v2", {{"a/two", noise(90'000, 3)}, {"same", noise(80'000, 2)}}));
  v1 = tree_of(folder / "v1");
  v2 = tree_of(folder / "v2");
  std::uint64_t n = 1;
  while (n < 2000 && fails_at(n, plain_renames, stays) && !HasFailure()) ++n;
  EXPECT_GT(n, 40u);
}

class RunFaults : public Swapping {};

// With the rows: never Installed before the new version is served, and retried by itself.
TEST_P(RunFaults, TheRowsNeverSayMoreThanTheShareServes) {
  make_ready(false);
  const std::uint64_t nth = 5 + 12 * static_cast<std::uint64_t>(GetParam());
  fs.fail_at(nth, EIO, true);
  try {
    manager().publish(tools, 2, {}, PublishMode::install, {});
  } catch (const Error&) {
  }
  fs.fail_at(0, 0);
  const auto now = served();
  EXPECT_TRUE(now == v1 || now == v2);
  if (state("files", tools).state == PackageState::installed) {
    EXPECT_EQ(now, v2);
  }
  clock.tick(std::chrono::hours(1));
  manager().run_due({});
  EXPECT_EQ(served(), v2);
  EXPECT_EQ(state("files", tools).state, PackageState::installed);
  EXPECT_EQ(entries_in(folder / "files/.courier/staging"), 0u);
}

INSTANTIATE_TEST_SUITE_P(Calls, RunFaults, ::testing::Range(0, 14));
INSTANTIATE_TEST_SUITE_P(BothMeans, Swapping, ::testing::Range(0, 2));
INSTANTIATE_TEST_SUITE_P(BothMeans, SwapFaults,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool()));

}  // namespace
}  // namespace courier::test
