// The golden parcels are whole and open with the golden keys. tests/e2e/golden_test.py compares
// what they say; this is for the builds with sanitizers.
#include <filesystem>

#include "tests/unit/parcel/parcel_fixture.h"

namespace courier {

namespace {

const std::string kGolden = std::string(COURIER_TESTS_DIR) + "/golden";

class GoldenParcels : public ParcelTest {
 protected:
  // Git keeps no modes: a ring that others can read would be refused.
  KeyRing ring(const std::string& name) {
    const std::string home = folder_ / ("golden-" + name);
    std::filesystem::create_directories(home + "/keys");
    test::write_text(home + "/keys/key_ring", test::read_text(kGolden + "/keys/" + name + ".keys"));
    std::filesystem::permissions(home + "/keys/key_ring", std::filesystem::perms(0600));
    return KeyRing::open(fs_, home, entropy_, clock_);
  }
};

TEST_F(GoldenParcels, AreWholeAndOpen) {
  const KeyRing pun = ring("PUN"), rotated = ring("PUN-rotated"), pse = ring("PSE");
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kGolden + "/v1")) {
    if (entry.path().extension() != ".pcl") continue;
    SCOPED_TRACE(entry.path());
    const std::string name = entry.path().stem();
    const Bytes parcel = to_bytes(as_bytes(test::read_text(entry.path())));
    const KeyRing& from = name == "return" ? pse : name == "rotated-sender" ? rotated : pun;
    const Reading reading = read(parcel, name == "return" ? pun : pse, from.public_keys().signing);
    EXPECT_FALSE(reading.refused) << reading.message;
    EXPECT_FALSE(reading.packing_list.items.empty());
    EXPECT_EQ(reading.tail.end, EndState::genuine);
    EXPECT_FALSE(reading.tail.is_damaged());
    if (name != "unknown-record-kind") {
      const VolumeHeader volume =
          parse_volume_header(ByteView(parcel).subspan(kFrameHeaderSize, kVolumeHeaderSize));
      const std::uint64_t end = std::min(volume.end_record, reading.tail.record_count.value());
      EXPECT_EQ(reading.good().size(), end - volume.first_record);
    }
    for (const ReadRecord& record : reading.records) {
      if (record.ok() && !record.block.has_base()) verify_and_decompress(record.block);
    }
    ++seen;
  }
  EXPECT_GT(seen, 20u);
}

}  // namespace

}  // namespace courier
