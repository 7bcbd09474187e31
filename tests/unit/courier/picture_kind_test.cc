#include "courier/picture_kind.h"

#include <gtest/gtest.h>

namespace courier {
namespace {

using namespace std::string_view_literals;

TEST(PictureKind, IsToldByTheFirstBytes) {
  const std::pair<std::string_view, PictureKind> kinds[] = {
      {"\x89PNG\r\n\x1a\n..."sv, PictureKind::png},
      {"\xff\xd8\xff\xe0\0\x10JFIF"sv, PictureKind::jpeg},
      {"\0\0\0\x18"
       "ftypheic\0\0\0\0"sv,
       PictureKind::heic},
      {"RIFF\x10\0\0\0WEBPVP8 "sv, PictureKind::webp},
      {"GIF89a"sv, PictureKind::gif},
      {"II*\0\x08\0\0\0"sv, PictureKind::tiff},
      {"MM\0*\0\0\0\x08"sv, PictureKind::tiff},
      {"%PDF-1.7"sv, PictureKind::pdf},
  };
  for (const auto& [file, kind] : kinds) {
    EXPECT_EQ(picture_kind(as_bytes(file)), kind) << word(kind);
    // However little of it there is.
    for (std::size_t size = 0; size < 4; ++size) {
      if (kind == PictureKind::jpeg && size == 3) continue;  // that is all of its mark
      EXPECT_EQ(picture_kind(as_bytes(file.substr(0, size))), PictureKind::none);
    }
  }
  for (const std::string_view text :
       {""sv, "critic recipe heavy furnace snake coil domain march"sv, "COURIER:ABC"sv, "ftyp"sv,
        "\0\0\0\x18"
        "ftyp"sv,
        "\0\0\0\x18"
        "ftypmp42"sv,
        "RIFF\x10\0\0\0WAVE"sv}) {
    EXPECT_EQ(picture_kind(as_bytes(text)), PictureKind::none);
  }
}

}  // namespace
}  // namespace courier
