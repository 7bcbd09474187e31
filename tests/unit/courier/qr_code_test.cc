#include "courier/qr_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parcel/receipt.h"

namespace courier {
namespace {

using ::testing::HasSubstr;

TEST(QrCode, OfTheLongestReceiptIsOfVersion25) {
  Receipt receipt;
  receipt.parcel = ParcelId::parse("PUN-PSE-000012");
  receipt.items = 1000;
  for (int i = 0; i < 1000; ++i) {
    receipt.add(VerdictKind::refused, std::to_string(i) + std::string(60, '.'));
  }
  const std::string text = encode_receipt(receipt, [](ByteView) { return Signature{}; });
  EXPECT_GT(text.size(), 1300u);
  EXPECT_LE(qr_code(text).side, 117);
  EXPECT_EQ(qr_code("COURIER:" + std::string(1440, 'A')).side, 117);
}

TEST(QrCode, HasItsThreeCornersAndALightEdge) {
  const QrCode code = qr_code("COURIER:AAAA");
  ASSERT_EQ(code.side, 21);
  for (const auto& [x, y] : {std::pair{0, 0}, {14, 0}, {0, 14}}) {
    for (int i = 0; i < 7; ++i) {
      EXPECT_TRUE(code.at(x + i, y));
      EXPECT_TRUE(code.at(x, y + i));
    }
    EXPECT_FALSE(code.at(x + 1, y + 1));
    EXPECT_TRUE(code.at(x + 3, y + 3));
  }
  const std::string svg = qr_svg(code, "a <title> & \"more\"");
  EXPECT_THAT(svg, HasSubstr("viewBox=\"0 0 29 29\""));
  EXPECT_THAT(svg, HasSubstr("M4 4h7v1h-7z"));
  EXPECT_THAT(svg, HasSubstr("<title>a &#60;title&#62; &#38; &#34;more&#34;</title>"));
}

TEST(QrCode, IsTheSamePictureEachTime) {
  const QrCode code = qr_code("COURIER:AAAA");
  EXPECT_EQ(qr_png(code), qr_png(code));
  EXPECT_THAT(to_string(ByteView(qr_png(code)).first(8)), HasSubstr("PNG"));
}

}  // namespace
}  // namespace courier
