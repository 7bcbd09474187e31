// The broken parcels that end-to-end tests are made with are broken as they say: as far as this
// room can see. What is wrong inside of good blocks is for store/ and importer/ to find.
#include "tests/support/make_golden/bad_parcels.h"

#include <map>

#include "tests/unit/parcel/parcel_fixture.h"

namespace courier {

namespace {

class BadParcels : public ParcelTest {
 protected:
  Reading read_bad(const std::string& name) {
    const SiteIdentity to = SiteIdentity::parse(pse_.export_identity(1, 0));
    const test::Maker maker{
        pun_, other_, to, entropy_, clock_.now(), 77, PackageId::parse("PUNBAD00")};
    for (const auto& bad : test::bad_parcels()) {
      if (bad.name == name) return read(bad.make(maker));
    }
    ADD_FAILURE() << "no bad parcel " << name;
    return {};
  }

  KeyRing other_ = make_site("ZZZ");
};

TEST_F(BadParcels, AreRefusedByTheirHeadsAsTheyShouldBe) {
  const std::map<std::string, ErrorCode> expected = {
      {"unknown-algorithm", ErrorCode::unsupported},
      {"unknown-seal", ErrorCode::unsupported},
      {"unknown-feature", ErrorCode::unsupported},
      {"newer-version", ErrorCode::unsupported},
      {"other-addressee", ErrorCode::not_addressed},
      {"unknown-signer", ErrorCode::bad_signature},  // the fixture trusts PUN alone
      {"wrong-signature", ErrorCode::bad_signature},
      {"other-key", ErrorCode::bad_signature},
      {"another-number-of-items", ErrorCode::bad_signature},
      {"key-slots-of-another", ErrorCode::bad_signature},
      {"packing-list-of-another", ErrorCode::bad_signature},
      {"volume-header-of-another", ErrorCode::damaged},
      {"longer-number", ErrorCode::damaged},
      {"label-with-more", ErrorCode::damaged},
      {"no-parcel", ErrorCode::damaged},
      {"empty", ErrorCode::damaged},
      {"wrong-magic", ErrorCode::damaged},
      {"damaged-volume-header", ErrorCode::damaged},
      {"damaged-label", ErrorCode::damaged},
      {"damaged-key-slots", ErrorCode::damaged},
      {"damaged-packing-list", ErrorCode::damaged},
      {"truncated-head", ErrorCode::damaged},
      {"oversized-volume-header", ErrorCode::damaged},
      {"oversized-label", ErrorCode::damaged},
      {"oversized-key-slots", ErrorCode::damaged},
      {"oversized-packing-list", ErrorCode::damaged},
      {"oversized-label-text", ErrorCode::damaged},
  };
  for (const auto& bad : test::bad_parcels()) {
    const Reading reading = read_bad(bad.name);
    const auto it = expected.find(bad.name);
    if (it == expected.end()) {
      EXPECT_FALSE(reading.refused) << bad.name << ": " << reading.message;
    } else {
      EXPECT_EQ(reading.refused, it->second) << bad.name << ": " << reading.message;
    }
  }
}

TEST_F(BadParcels, HaveTheirBadRecordsWhereTheySay) {
  using enum RecordStatus;
  const std::map<std::string, std::vector<RecordStatus>> expected = {
      {"forged-record", {forged, ok}},     {"swapped-records", {forged, forged}},
      {"damaged-record", {ok, damaged}},   {"truncated-record", {ok, damaged}},
      {"oversized-record", {damaged, ok}}, {"oversized-block", {forged, ok}},
      {"record-of-another", {ok, forged}}, {"zip-bomb", {ok, ok}},
  };
  for (const auto& [name, statuses] : expected) {
    EXPECT_EQ(read_bad(name).statuses(), statuses) << name;
  }
  EXPECT_EQ(read_bad("no-end").tail.end, EndState::not_seen);
  EXPECT_EQ(read_bad("damaged-end").tail.end, EndState::damaged);
  EXPECT_EQ(read_bad("oversized-end").tail.end, EndState::damaged);
  EXPECT_EQ(read_bad("end-of-another").tail.end, EndState::forged);
}

TEST_F(BadParcels, CarryBombsThatEndAtTheirStatedSize) {
  for (const char* name : {"zip-bomb", "zip-bomb-unstated", "wrong-digest", "unknown-codec"}) {
    const Reading reading = read_bad(name);
    std::size_t refused = 0;
    for (const auto& record : reading.records) {
      ASSERT_TRUE(record.ok());
      try {
        verify_and_decompress(record.block);
      } catch (const Error&) {
        ++refused;
      }
    }
    EXPECT_EQ(refused, 1u) << name;
  }
}

}  // namespace

}  // namespace courier
