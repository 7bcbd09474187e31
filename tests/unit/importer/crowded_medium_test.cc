// A medium with more parcels than may be open at a time.
#include "importer/offers.h"
#include "tests/unit/importer/importer_fixture.h"

namespace courier::test {
namespace {

using CrowdedMedium = ImporterTest;

TEST_F(CrowdedMedium, AMediumFullOfStrangersIsTakenInAFewAtATime) {
  const auto open_files = [] {
    const std::filesystem::directory_iterator files("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  };
  Home stranger{real, folder / "tex", "TEX", clock, entropy};
  stranger.join(pse, SiteRole::child);
  constexpr std::size_t kCount = kMaxOpenOffers + 20;
  for (std::size_t n = 1; n <= kCount; ++n) {
    make_parcel(stranger, {&pse}, n, {{item(ItemKind::remove, tools, 1, {}, n)}, {}},
                folder / ("usb/" + std::to_string(n) + ".pcl"));
  }
  const std::size_t before = open_files();
  std::size_t most = 0;
  ReceiveOptions options;
  options.accept = [&](const Offer& offer) {
    EXPECT_EQ(offer.standing, Standing::unknown_signer);
    most = std::max(most, open_files());
    return true;
  };
  const ReceiveReport report = receive(pse.parts(), folder / "usb", options);
  ASSERT_EQ(report.parcels.size(), kCount);
  for (const ReceivedParcelReport& parcel : report.parcels) {
    EXPECT_EQ(parcel.state, IncomingState::quarantined) << parcel.offer.path;
  }
  EXPECT_GT(most, 0u);
  // Of each the file, and its child's socket and handle.
  EXPECT_LE(most, before + 3 * (kMaxOpenOffers + 2));
}

TEST_F(CrowdedMedium, WhatWasSetAsideAndIsGoneIsRefusedAlone) {
  for (std::size_t n = 1; n <= kMaxOpenOffers + 2; ++n) {
    make_parcel(pun, {&pse}, n, {{item(ItemKind::remove, tools, 1, {}, n)}, {}},
                folder / ("usb/" + std::to_string(1000 + n) + ".pcl"));
  }
  ReceiveOptions options;
  options.accept = [&](const Offer& offer) {
    if (offer.id.number == 1) {
      std::filesystem::remove(folder /
                              ("usb/" + std::to_string(1000 + kMaxOpenOffers + 1) + ".pcl"));
    }
    return offer.id.number > kMaxOpenOffers;
  };
  const ReceiveReport report = receive(pse.parts(), folder / "usb", options);
  ASSERT_EQ(report.parcels.size(), kMaxOpenOffers + 2);
  EXPECT_EQ(report.parcels[kMaxOpenOffers].state, IncomingState::refused);
  EXPECT_TRUE(report.parcels[kMaxOpenOffers].error);
  EXPECT_EQ(report.parcels.back().state, IncomingState::processed);
}

TEST_F(CrowdedMedium, AFileThatOnlyBeginsLikeAParcelIsReadNoFurtherThanAHeadCanReach) {
  const std::string good = read_text(package_parcel(1, 1, 1, content("v1", {{"a", "old"}})));
  constexpr std::uint64_t kFar = 64u << 20;
  std::uint64_t read = 0;
  OfferedVolume endless;
  endless.path = "usb/sparse.pcl";
  endless.size = 500ull << 30;
  endless.source = [&](MutableByteView out) {
    if (read > kFar) throw Error(ErrorCode::device, "usb/sparse.pcl", "is read too far");
    std::fill(out.begin(), out.end(), 0);
    if (read == 0) std::copy_n(good.begin(), 160 + 4, out.begin());
    read += out.size();
    return out.size();
  };
  const OpenOffer open =
      read_offer(pse.fs, std::move(endless), IdentifyHome{pse.keys, pse.trust, pse.ledger});
  EXPECT_EQ(open.offer.standing, Standing::unreadable);
  ASSERT_TRUE(open.offer.error);
  EXPECT_EQ(open.offer.error->code(), ErrorCode::damaged);
  EXPECT_NE(
      std::string(open.offer.error->what()).find("usb/sparse.pcl: has no whole head in its first "),
      std::string::npos);
}

}  // namespace
}  // namespace courier::test
