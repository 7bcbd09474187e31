// Which kind of picture a file is, by its first bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace courier {

enum class PictureKind : std::uint8_t { none, png, jpeg, heic, webp, gif, tiff, pdf };

PictureKind picture_kind(ByteView file);
std::string_view word(PictureKind);  // "PNG", "HEIC"

}  // namespace courier
