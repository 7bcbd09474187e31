#include "base/bytes.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/utf8.h"
#include "tests/support/error_of.h"

namespace courier {
namespace {

using test::error_of;

TEST(Bytes, AreZeroWhenNoneIsAnother) {
  EXPECT_TRUE(is_zero({}));
  EXPECT_TRUE(is_zero(Bytes(1)));
  EXPECT_TRUE(is_zero(Bytes(1000)));
  for (const std::size_t other : {0u, 1u, 500u, 999u}) {
    Bytes bytes(1000);
    bytes[other] = 1;
    EXPECT_FALSE(is_zero(bytes)) << other;
  }
}

TEST(Hex, GoesThereAndBack) {
  const Bytes bytes = {0x00, 0x0f, 0xa5, 0xff};
  EXPECT_EQ(to_hex(bytes), "000fa5ff");
  EXPECT_EQ(from_hex("000fa5ff"), bytes);
  EXPECT_EQ(from_hex("000FA5FF"), bytes);
  EXPECT_EQ(from_hex(""), Bytes{});
}

TEST(Hex, NamesTheDigitThatIsNone) {
  const Error error = error_of([] { from_hex("00g0"); });
  EXPECT_EQ(error.code(), ErrorCode::usage);
  EXPECT_STREQ(error.what(), "00g0: has no hex digit at place 2");
  EXPECT_STREQ(error_of([] { from_hex("abc"); }).what(), "abc: has an odd number of hex digits");
}

TEST(Escaped, KeepsPrintableTextOfAnyLanguage) {
  EXPECT_EQ(escaped("Åre kiosk, São Paulo, 漢字, 🚚"), "Åre kiosk, São Paulo, 漢字, 🚚");
}

TEST(Escaped, ShowsEveryByteThatCouldDeceive) {
  EXPECT_EQ(escaped(std::string_view("a\0b\n\x1b[31m", 9)), "a\\x00b\\x0a\\x1b[31m");
  EXPECT_EQ(escaped("back\\slash"), "back\\\\slash");
  EXPECT_EQ(escaped("\xff\xc0\xaf"), "\\xff\\xc0\\xaf");
  EXPECT_EQ(escaped("evil\xe2\x80\xaegnp.exe"), "evil\\xe2\\x80\\xaegnp.exe");  // right to left
  EXPECT_EQ(escaped("\xc2\x85"), "\\xc2\\x85");                                 // a C1 control
}

TEST(HumanSize, RoundsAsPeopleExpect) {
  EXPECT_EQ(human_size(0), "0 bytes");
  EXPECT_EQ(human_size(1), "1 byte");
  EXPECT_EQ(human_size(812), "812 bytes");
  EXPECT_EQ(human_size(999), "999 bytes");
  EXPECT_EQ(human_size(1000), "1.0 kB");
  EXPECT_EQ(human_size(99'949), "99.9 kB");
  EXPECT_EQ(human_size(99'950), "100 kB");
  EXPECT_EQ(human_size(999'499), "999 kB");
  EXPECT_EQ(human_size(999'500), "1.0 MB");
  EXPECT_EQ(human_size(4'200'000'000), "4.2 GB");
  EXPECT_EQ(human_size(UINT64_MAX), "18.4 EB");
}

TEST(Utf8, RefusesWhatRfc3629Refuses) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("\xf4\x8f\xbf\xbf"));
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf",
                          "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc3\x28"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << escaped(bad);
  }
}

}  // namespace
}  // namespace courier
