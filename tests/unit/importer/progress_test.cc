// What a receive tells while it works: one bar over everything, which never goes back.
#include <limits>

#include "importer/receive.h"
#include "tests/unit/importer/importer_fixture.h"

namespace courier::test {
namespace {

class Progress : public ImporterTest {
 protected:
  // A parcel that says how large its content is, as real ones do.
  void sized_parcel(std::uint64_t number, std::uint32_t version, const Digest& root,
                    const std::vector<Digest>& except = {}) {
    const std::uint64_t bytes = pun.store.read_root(root).totals.bytes;
    Item one = item(ItemKind::package, tools, version, root, number);
    one.content_bytes = bytes;
    make_parcel(pun, {&pse}, number,
                {.items = {one},
                 .roots = {root},
                 .except = except,
                 .change = [bytes](ParcelDraft& draft) { draft.content_bytes = bytes; }},
                folder / ("usb/" + std::to_string(number) + ".pcl"));
  }

  // One that states sizes as it likes.
  void parcel_stating(std::uint64_t number, std::uint64_t of_label, std::uint64_t of_items) {
    const Digest root = content("v" + std::to_string(number), {{"a", noise(100'000, 1)}});
    Item one = item(ItemKind::package, tools, 1, root, number);
    Item other = item(ItemKind::package, extra, 1, root, number + 1);
    one.content_bytes = other.content_bytes = of_items;
    make_parcel(pun, {&pse}, number,
                {.items = {one, other},
                 .roots = {root},
                 .change = [=](ParcelDraft& draft) { draft.content_bytes = of_label; }},
                folder / ("usb/" + std::to_string(number) + ".pcl"));
  }

  ReceiveReport take_and_listen(const std::string& return_to) {
    ReceiveOptions options;
    options.return_to = return_to;
    options.progress = [this](const ProgressEvent& event) { told.push_back(event); };
    return receive(pse.parts(), folder / "usb", options);
  }

  // The phases that were told of, one after another.
  std::vector<std::string> phases() const {
    std::vector<std::string> seen;
    unsigned last = 0;
    for (const ProgressEvent& event : told) {
      if (seen.empty() || event.phase_index != last) seen.push_back(event.phase);
      last = event.phase_index;
    }
    return seen;
  }

  void expect_never_back() const {
    double share = 0;
    unsigned index = 0;
    for (const ProgressEvent& event : told) {
      EXPECT_GE(event.share(), share) << event.phase << " " << event.subject;
      EXPECT_GE(event.phase_index, index);
      EXPECT_LT(event.phase_index, event.phase_count);
      EXPECT_EQ(event.phase_count, told.front().phase_count);
      share = event.share();
      index = event.phase_index;
    }
  }

  std::vector<ProgressEvent> told;
};

TEST_F(Progress, NeverGoesBackOverSeveralParcelsAndAnIncrement) {
  const std::string large = noise(3'000'000, 1);
  const Digest v1 = content("v1", {{"large", large}, {"changes", "1"}});
  const Digest v2 = content("v2", {{"large", large}, {"changes", noise(100'000, 2)}});
  sized_parcel(1, 1, v1);
  sized_parcel(2, 2, v2, {v1});
  const ReceiveReport report = take_and_listen(folder / "usb");
  ASSERT_EQ(report.exit_status, 0);
  ASSERT_EQ(report.returns.size(), 1U);
  EXPECT_EQ(phases(), (std::vector<std::string>{"receiving", "publishing", "receiving",
                                                "publishing", "returning"}));
  EXPECT_EQ(told.front().phase_count, 5U);
  expect_never_back();
  EXPECT_GT(told.back().share(), 0.8) << "the return is all that is left";
}

TEST_F(Progress, OfAParcelThatIsHereIsOfTheReturnAlone) {
  sized_parcel(1, 1, content("v1", {{"a", noise(100'000, 1)}}));
  take_and_listen({});
  EXPECT_EQ(phases(), (std::vector<std::string>{"receiving", "publishing"})) << "no return asked";
  told.clear();
  take_and_listen(folder / "usb");
  EXPECT_EQ(phases(), (std::vector<std::string>{"returning"}));
  EXPECT_EQ(told.front().phase_count, 1U);
}

TEST_F(Progress, NeverGoesBackWhenADamagedParcelIsReadFromItsCopy) {
  sized_parcel(1, 1, content("v1", {{"a", noise(2'000'000, 1)}, {"b", noise(2'000'000, 2)}}));
  std::string bytes = read_text(folder / "usb/1.pcl");
  write_text(folder / "usb/copy.pcl", bytes);
  bytes[bytes.size() / 2] ^= 1;
  write_text(folder / "usb/1.pcl", bytes);
  const ReceiveReport report = take_and_listen(folder / "usb");
  EXPECT_EQ(report.parcels.at(0).state, IncomingState::processed);
  EXPECT_EQ(phases(), (std::vector<std::string>{"receiving", "publishing", "returning"}));
  expect_never_back();
}

TEST_F(Progress, GoesOnWhateverSizesASenderStates) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  parcel_stating(1, 0, std::uint64_t{1} << 62);
  parcel_stating(3, kMost, kMost);
  const ReceiveReport report = take_and_listen({});
  EXPECT_EQ(report.parcels.size(), 2U);
  expect_never_back();
  for (const ProgressEvent& event : told) {
    EXPECT_GT(event.total, 0U) << event.phase;
    EXPECT_LE(event.done, event.total) << event.phase;
    EXPECT_LE(event.total, std::uint64_t{1} << 50) << event.phase;
  }
}

TEST_F(Progress, OfAParcelWhoseShareFailedBeforeIsOfPublishingIt) {
  sized_parcel(1, 1, content("v1", {{"a", noise(100'000, 1)}}));
  std::filesystem::rename(folder / "share", folder / "away");
  EXPECT_EQ(take_and_listen({}).exit_status, 11);
  std::filesystem::rename(folder / "away", folder / "share");
  told.clear();
  EXPECT_EQ(take_and_listen(folder / "usb").exit_status, 0);
  EXPECT_EQ(phases(), (std::vector<std::string>{"publishing", "returning"}));
  EXPECT_EQ(told.front().total, 200'000U) << "written and read back";
  expect_never_back();
}

}  // namespace
}  // namespace courier::test
