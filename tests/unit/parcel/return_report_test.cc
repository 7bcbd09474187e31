#include "parcel/return_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/codec.h"
#include "base/error.h"

namespace courier {

namespace {

using ::testing::HasSubstr;

Digest numbered(std::uint8_t n) { return {{n}}; }

ReturnReport full_report() {
  ReturnReport report;
  report.incarnation = {2, {1}};
  report.last_return_seen = 5;
  ReceivedParcel parcel;
  parcel.id = ParcelId::parse("PUN-PSE-000012");
  parcel.label_digest = numbered(1);
  parcel.state = ReceivedState::incomplete;
  parcel.reason = "volume 2 of 3 is missing";
  ReportedVerdict verdict;
  verdict.index = 1;
  verdict.job = 4;
  verdict.kind_code = 1;
  verdict.package = PackageId::parse("PUN00020");
  verdict.version = 2;
  verdict.verdict = VerdictKind::incomplete;
  verdict.reason = "2 objects are missing";
  verdict.missing.objects = {numbered(3), numbered(4)};
  parcel.items = {verdict, {}};
  parcel.missing_records.add(RecordRange{3, 9});
  parcel.missing_records.add(11);
  report.parcels = {parcel};
  ReportedHolding whole{PackageId::parse("PUN00020"), 1, numbered(8), {}};
  whole.missing.whole = true;
  report.holdings = {whole, {PackageId::parse("PUN00021"), 1, numbered(9), {}}};
  report.dp_states = {
      {"files", PackageId::parse("PUN00020"), 2, 1, 1, true, "retry", from_seconds(5)}};
  report.store_free_bytes = 1;
  report.store_total_bytes = UINT64_MAX;
  report.dp_space = {{"files", 3, 4}};
  report.features = 6;
  report.parcels_not_received.add(11);
  report.misdelivered = {{numbered(5), "PUN-TEX-000003", from_seconds(-5)}};
  report.messages = {{7, "4400", 0, "Despooler", from_seconds(9), {}, {"PUN00020", "d1"}}};
  report.extensions = {{1, Bytes{1}}};
  return report;
}

std::string refusal(const Bytes& bytes) {
  try {
    parse_return_report(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ReturnReport, ComesBackAsItWas) {
  EXPECT_EQ(parse_return_report(encode_return_report(full_report())), full_report());
  EXPECT_EQ(parse_return_report(encode_return_report({})), ReturnReport{});
}

TEST(ReturnReport, HasOneEncoding) {
  const Bytes bytes = encode_return_report(full_report());
  for (std::size_t at = 2; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = bytes;
      changed[at] ^= static_cast<std::uint8_t>(1 << bit);
      try {
        EXPECT_EQ(encode_return_report(parse_return_report(changed)), changed) << at;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::damaged);
      }
    }
    EXPECT_NE(refusal(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at))), "");
  }
}

TEST(ReturnReport, OfANewerVersionIsUnsupported) {
  Bytes bytes = encode_return_report({});
  bytes[0] = 2;
  EXPECT_EQ(refusal(bytes), "return report: is of version 2, this courier reads up to 1");
}

TEST(ReturnReport, AsksForTheWholeWhenTooMuchIsMissing) {
  ReturnReport report;
  ReportedHolding holding{PackageId::parse("PUN00020"), 1, {}, {}};
  for (std::size_t i = 0; i <= kMaxMissingObjects; ++i) {
    Digest digest;
    digest.bytes[0] = static_cast<std::uint8_t>(i >> 8);
    digest.bytes[1] = static_cast<std::uint8_t>(i);
    holding.missing.objects.push_back(digest);
  }
  report.holdings = {holding};
  const auto back = parse_return_report(encode_return_report(report));
  EXPECT_TRUE(back.holdings[0].missing.whole);
  EXPECT_TRUE(back.holdings[0].missing.objects.empty());
}

TEST(ReturnReport, SortsWhatIsMissing) {
  ReturnReport report;
  report.holdings = {{PackageId::parse("PUN00020"), 1, {}, {}}};
  report.holdings[0].missing.objects = {numbered(9), numbered(2), numbered(9)};
  const auto back = parse_return_report(encode_return_report(report));
  EXPECT_EQ(back.holdings[0].missing.objects, (std::vector{numbered(2), numbered(9)}));
}

TEST(ReturnReport, CutsReasonsAtACharacterAndEscapesWhatIsNoText) {
  ReturnReport report;
  report.parcels.push_back({ParcelId::parse("PUN-PSE-000001"), {}, {}, {}, {}, {}});
  report.parcels[0].state = ReceivedState::refused;
  report.parcels[0].reason = std::string(kMaxReasonSize - 1, 'x') + "å";
  EXPECT_EQ(parse_return_report(encode_return_report(report)).parcels[0].reason,
            std::string(kMaxReasonSize - 1, 'x'));
  report.parcels[0].reason = "file \xff";
  EXPECT_EQ(parse_return_report(encode_return_report(report)).parcels[0].reason, "file \\xff");
}

TEST(ReturnReport, RefusesAStateThatIsNotDefined) {
  ReturnReport report;
  report.parcels.push_back({ParcelId::parse("PUN-PSE-000001"), {}, {}, {}, {}, {}});
  report.parcels[0].state = static_cast<ReceivedState>(9);
  EXPECT_THAT(refusal(encode_return_report(report)), HasSubstr("has 9 where it is not defined"));
}

}  // namespace

}  // namespace courier
