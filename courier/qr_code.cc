#include "courier/qr_code.h"

#include <fmt/format.h>
#include <qrencode.h>

#include <memory>

#include "base/error.h"
#include "courier/cairo_library.h"

namespace courier {
namespace {

constexpr int kPixels = 8;  // of a module

std::string escaped_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&' || c == '<' || c == '>' || c == '"') {
      out += fmt::format("&#{};", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out;
}

cairo_status_t append(void* closure, const unsigned char* data, unsigned int size) {
  Bytes& out = *static_cast<Bytes*>(closure);
  out.insert(out.end(), data, data + size);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

QrCode qr_code(const std::string& text) {
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> made(
      QRcode_encodeString(text.c_str(), 0, QR_ECLEVEL_M, QR_MODE_8, 1), &QRcode_free);
  if (!made) bug("a text does not fit into a QR code");
  QrCode code;
  code.side = made->width;
  for (int i = 0; i < code.side * code.side; ++i) code.dark.push_back((made->data[i] & 1) != 0);
  return code;
}

std::string qr_svg(const QrCode& code, std::string_view title) {
  const int side = code.side + 2 * kQuietZone;
  std::string path;
  for (int y = 0; y < code.side; ++y) {
    for (int x = 0; x < code.side; ++x) {
      if (!code.at(x, y)) continue;
      const int from = x;
      while (x + 1 < code.side && code.at(x + 1, y)) ++x;
      const int run = x + 1 - from;
      path += fmt::format("M{} {}h{}v1h-{}z", from + kQuietZone, y + kQuietZone, run, run);
    }
  }
  return fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}" width="{1}" height="{1}" role="img" shape-rendering="crispEdges"><title>{2}</title><path fill="#fff" d="M0 0h{0}v{0}h-{0}z"/><path d="{3}"/></svg>
)",
      side, side * kPixels, escaped_xml(title), path);
}

Bytes qr_png(const QrCode& code) {
  const CairoLibrary& cairo = CairoLibrary::loaded();
  const int side = (code.side + 2 * kQuietZone) * kPixels;
  const CairoSurface surface(cairo.image_surface_create(CAIRO_FORMAT_RGB24, side, side),
                             cairo.surface_destroy);
  const CairoContext context(cairo.create(surface.get()), cairo.destroy);
  cairo.set_antialias(context.get(), CAIRO_ANTIALIAS_NONE);
  cairo.set_source_rgb(context.get(), 1, 1, 1);
  cairo.paint(context.get());
  cairo.set_source_rgb(context.get(), 0, 0, 0);
  for (int y = 0; y < code.side; ++y) {
    for (int x = 0; x < code.side; ++x) {
      if (!code.at(x, y)) continue;
      cairo.rectangle(context.get(), (x + kQuietZone) * kPixels, (y + kQuietZone) * kPixels,
                      kPixels, kPixels);
    }
  }
  cairo.fill(context.get());
  Bytes out;
  if (cairo.surface_write_to_png_stream(surface.get(), &append, &out) != CAIRO_STATUS_SUCCESS) {
    throw Error(ErrorCode::device, "QR code", "this machine's memory does not suffice to draw it");
  }
  return out;
}

}  // namespace courier
