#include "courier/picture_worker.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "courier/qr_code.h"

namespace courier {
namespace {

std::string content_of(const std::string& name) {
  std::ifstream in(std::string(COURIER_TESTS_DIR "/unit/courier/") + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(PictureWorker, ReadsTheLargestCodeThatAReceiptHas) {
  const std::string text = "COURIER:" + std::string(1440, 'Q');
  const SeenPicture seen = see_picture(qr_png(qr_code(text)));
  EXPECT_EQ(seen.state, SeenPicture::State::whole);
  EXPECT_EQ(seen.codes, std::vector{text});
}

// As a telephone sees it: the screen has little more than two points for each of the code's.
TEST(PictureWorker, ReadsALargeCodeOnASmallScreen) {
  const std::string photo = content_of("large_code_on_a_small_screen.jpg");
  const SeenPicture seen = see_picture(as_bytes(photo));
  ASSERT_EQ(seen.codes.size(), 1u);
  EXPECT_EQ(seen.codes.front() + "\n", content_of("large_code_on_a_small_screen.txt"));
}

TEST(PictureWorker, LooksAtNoMorePixelsThanItMay) {
  const Bytes picture = qr_png(qr_code("COURIER:ABC"));
  const SeenPicture seen = see_picture(picture, 1000);
  EXPECT_EQ(seen.state, SeenPicture::State::too_large);
  EXPECT_EQ(seen.codes, std::vector<std::string>{});
  EXPECT_EQ(seen.width, 29u * 8);  // modules, of 8 pixels each
}

}  // namespace
}  // namespace courier
