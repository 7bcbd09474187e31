#include "courier/picture_kind.h"

namespace courier {

PictureKind picture_kind(ByteView file) {
  using namespace std::string_view_literals;
  const std::string_view text = as_text(file);
  if (text.starts_with("\x89PNG\r\n\x1a\n"sv)) return PictureKind::png;
  if (text.starts_with("\xff\xd8\xff"sv)) return PictureKind::jpeg;
  if (text.starts_with("GIF8"sv)) return PictureKind::gif;
  if (text.starts_with("%PDF-"sv)) return PictureKind::pdf;
  if (text.starts_with("II*\0"sv) || text.starts_with("MM\0*"sv)) return PictureKind::tiff;
  if (text.starts_with("RIFF"sv) && text.substr(0, 12).ends_with("WEBP"sv)) {
    return PictureKind::webp;
  }
  if (text.size() >= 12 && text.substr(4, 4) == "ftyp"sv) {
    const std::string_view brand = text.substr(8, 4);
    for (const std::string_view one : {"heic"sv, "heix"sv, "heif"sv, "mif1"sv, "msf1"sv}) {
      if (brand == one) return PictureKind::heic;
    }
  }
  return PictureKind::none;
}

std::string_view word(PictureKind kind) {
  switch (kind) {
    case PictureKind::none:
      return "no picture";
    case PictureKind::png:
      return "PNG";
    case PictureKind::jpeg:
      return "JPEG";
    case PictureKind::heic:
      return "HEIC";
    case PictureKind::webp:
      return "WebP";
    case PictureKind::gif:
      return "GIF";
    case PictureKind::tiff:
      return "TIFF";
    case PictureKind::pdf:
      return "PDF";
  }
  return "";
}

}  // namespace courier
