// Lean records: what they bring is stored as what records with lists of digests bring.
#include "parcel/label.h"
#include "store/lean_block.h"
#include "tests/unit/importer/importer_fixture.h"

namespace courier::test {
namespace {

class Lean : public ImporterTest {
 protected:
  Lean() {
    tex.join(pun, SiteRole::parent);
    pun.join(tex, SiteRole::child);
    Files files{{"noise.bin", noise(200'000, 1)}, {"text", std::string(70'000, 'a')}};
    for (int i = 0; i < 300; ++i) files["folder/" + std::to_string(i)] = std::to_string(i);
    root = content("v1", files);
  }
  using Files = std::map<std::string, std::string>;

  std::string parcel(Home& to, RecordKind kind, std::uint64_t features,
                     const std::function<void(Block&)>& spoil = {}) {
    Load load{{item(ItemKind::package, tools, 1, root, 1)}, {root}};
    load.kind = kind;
    load.spoil = spoil;
    load.change = [=](ParcelDraft& draft) { draft.critical_features = features; };
    const std::string path = folder / ("usb/" + to.code.str() + ".pcl");
    make_parcel(pun, {&to}, 1, load, path);
    return path;
  }
  static std::map<std::string, std::string> packs(const Home& home) {
    return tree_of(home.path + "/store/packs");
  }

  Home tex{real, folder / "tex", "TEX", clock, entropy};
  Digest root;
};

TEST_F(Lean, TheStoreHoldsTheSameWhicheverKindBroughtIt) {
  const auto lean = pse.take(parcel(pse, RecordKind::lean_block, kFeatureLean)).parcels.at(0);
  const auto named = tex.take(parcel(tex, RecordKind::block, 0)).parcels.at(0);
  EXPECT_EQ(lean.exit_status, 0);
  EXPECT_EQ(served(), tree_of(folder / "v1"));
  EXPECT_GT(packs(pse).size(), 0u);
  EXPECT_EQ(packs(pse), packs(tex));
  EXPECT_TRUE(pse.store_is_clean());
}

TEST_F(Lean, WithoutTheFeatureInTheLabelTheRecordsAreDamaged) {
  const auto report = pse.take(parcel(pse, RecordKind::lean_block, 0)).parcels.at(0);
  EXPECT_GT(report.damaged_records, 300u);
  EXPECT_EQ(report.exit_status, 4);
}

TEST_F(Lean, BytesThatAreNotWhatTheListDigestVouchesForAreKeptOut) {
  const auto spoil = [](Block& block) {
    // The list digest is made of what the block says; its bytes are others.
    if (block.is_raw() && block.raw_size > 1'000) block.payload[500] ^= 1;
  };
  const auto report =
      pse.take(parcel(pse, RecordKind::lean_block, kFeatureLean, spoil)).parcels.at(0);
  EXPECT_GT(report.damaged_records, 0u);
  EXPECT_EQ(report.exit_status, 4);
  EXPECT_TRUE(pse.store_is_clean());
}

}  // namespace
}  // namespace courier::test
