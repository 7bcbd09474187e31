// QR codes of short texts, as a picture for pages and paper. Drawn by libqrencode, with error
// correction M: a seventh of it may be dirt.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace courier {

// The light edge that a reader wants around it, in modules.
inline constexpr int kQuietZone = 4;

struct QrCode {
  int side = 0;            // modules, without the edge
  std::vector<bool> dark;  // side times side, by rows

  bool at(int x, int y) const { return dark[static_cast<std::size_t>(y * side + x)]; }
};

// Precondition: the text has no NUL and at most 1,451 characters of the alphanumeric mode.
QrCode qr_code(const std::string& text);

// A picture of its own, edge included; title: what it is, for who cannot see it.
std::string qr_svg(const QrCode& code, std::string_view title);
// The same, each module 8 pixels wide. Errors: device, without the library that draws it.
Bytes qr_png(const QrCode& code);

}  // namespace courier
