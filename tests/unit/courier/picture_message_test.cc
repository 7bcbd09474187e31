#include "courier/picture_message.h"

#include <gtest/gtest.h>

#include "base/codec.h"
#include "tests/support/error_of.h"

namespace courier {
namespace {

SeenPicture seen_with(std::size_t codes, std::size_t size) {
  SeenPicture seen{SeenPicture::State::damaged, 4000, 3000, {}};
  for (std::size_t i = 0; i < codes; ++i) seen.codes.emplace_back(size, static_cast<char>('a' + i));
  return seen;
}

ErrorCode refusal(ByteView message) {
  return test::error_of([&] { decode_seen_picture(message); }).code();
}

TEST(PictureMessage, SaysWhatTheChildSaw) {
  for (const SeenPicture& seen :
       {SeenPicture{}, seen_with(2, 300), seen_with(kMaxPictureCodes, kMaxPictureCode)}) {
    const Bytes message = encode(seen);
    EXPECT_LE(message.size(), kMaxPictureMessage);
    EXPECT_EQ(decode_seen_picture(message), seen);
  }
}

TEST(PictureMessage, OfAChildIsHeldAgainstItsLimits) {
  EXPECT_EQ(refusal(encode(seen_with(kMaxPictureCodes + 1, 1))), ErrorCode::damaged);
  EXPECT_EQ(refusal(encode(seen_with(1, kMaxPictureCode + 1))), ErrorCode::damaged);
  const Bytes whole = encode(seen_with(2, 10));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(refusal(ByteView(whole).first(size)), ErrorCode::damaged);
  }
  Bytes wrong = whole;
  wrong.push_back(0);
  EXPECT_EQ(refusal(wrong), ErrorCode::damaged);
  wrong = whole;
  wrong[0] = 5;
  EXPECT_EQ(refusal(wrong), ErrorCode::damaged);
}

}  // namespace
}  // namespace courier
