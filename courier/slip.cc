#include "courier/slip.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "courier/cairo_library.h"
#include "courier/pango_library.h"
#include "courier/qr_code.h"

namespace courier {
namespace {

constexpr double kMillimetre = 72.0 / 25.4;

cairo_status_t append(void* closure, const unsigned char* data, unsigned int size) {
  Bytes& out = *static_cast<Bytes*>(closure);
  out.insert(out.end(), data, data + size);
  return CAIRO_STATUS_SUCCESS;
}

Error cannot_draw(const std::string& why) {
  return Error(ErrorCode::device, "slip", "cannot be drawn: " + why)
      .with_loss("nothing was written");
}

// A PDF file under way, in millimetres from the upper left corner of the page.
class Pages {
 public:
  Pages(double width, double height, const std::string& title, Time created)
      : surface_(cairo_.pdf_surface_create_for_stream(&append, &out_, width * kMillimetre,
                                                      height * kMillimetre),
                 cairo_.surface_destroy),
        context_(cairo_.create(surface_.get()), cairo_.destroy) {
    cairo_.pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_TITLE, title.c_str());
    cairo_.pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_CREATE_DATE,
                                    iso8601(created).c_str());
    // Without any font all is boxes, and nothing else tells.
    if (pango_.count_unknown(set_text(10, "A", false).get()) > 0) {
      throw cannot_draw("no font is installed")
          .with_hint("install a font, such as the package fonts-dejavu-core");
    }
  }

  // Text of at most `width` millimetres with its base line at y; what does not fit is cut. Size in
  // points.
  void text(double x, double y, double size, std::string_view text, double width,
            bool bold = false) {
    const PangoText set = set_text(size, text, bold);
    pango_.set_width(set.get(), static_cast<int>(width * kMillimetre * PANGO_SCALE));
    show(set, x, y);
  }

  // The same, but smaller before it is cut.
  void fitted_text(double x, double y, double size, double smallest, std::string_view text,
                   double width, bool bold = false) {
    while (size > smallest && width_of(set_text(size, text, bold)) > width) size -= 0.5;
    this->text(x, y, size, text, width, bold);
  }

  void line(double x, double y, double length) {
    cairo_.set_line_width(context_.get(), 0.5);
    cairo_.move_to(context_.get(), x * kMillimetre, y * kMillimetre);
    cairo_.line_to(context_.get(), (x + length) * kMillimetre, y * kMillimetre);
    cairo_.stroke(context_.get());
  }

  // side: of the whole picture, edge included.
  void qr(double x, double y, double side, const std::string& text) {
    const QrCode code = qr_code(text);
    const double module = side / (code.side + 2 * kQuietZone);
    for (int row = 0; row < code.side; ++row) {
      for (int column = 0; column < code.side; ++column) {
        if (!code.at(column, row)) continue;
        const int from = column;
        while (column + 1 < code.side && code.at(column + 1, row)) ++column;
        cairo_.rectangle(context_.get(), (x + (from + kQuietZone) * module) * kMillimetre,
                         (y + (row + kQuietZone) * module) * kMillimetre,
                         (column + 1 - from) * module * kMillimetre, module * kMillimetre);
      }
    }
    cairo_.fill(context_.get());
  }

  void next_page() { cairo_.show_page(context_.get()); }

  Bytes finish() {
    cairo_.surface_finish(surface_.get());
    if (cairo_.status(context_.get()) != CAIRO_STATUS_SUCCESS ||
        cairo_.surface_status(surface_.get()) != CAIRO_STATUS_SUCCESS) {
      throw cannot_draw("this machine's memory does not suffice")
          .with_hint("run the same command again");
    }
    return std::move(out_);
  }

 private:
  PangoText set_text(double size, std::string_view text, bool bold) {
    const PangoFontWish font(pango_.font_from_string(bold ? "sans-serif bold" : "sans-serif"),
                             pango_.font_free);
    pango_.font_set_size(font.get(), size * PANGO_SCALE);
    PangoText set(pango_.create_layout(context_.get()), pango_.unref);
    // Paper has no pixels that letters would have to stand on.
    pango_.set_round_positions(pango_.get_context(set.get()), FALSE);
    pango_.set_font(set.get(), font.get());
    pango_.set_ellipsize(set.get(), PANGO_ELLIPSIZE_END);
    pango_.set_single_paragraph(set.get(), TRUE);
    pango_.set_auto_dir(set.get(), FALSE);  // a column of values is straight on its left
    pango_.set_text(set.get(), text.data(), static_cast<int>(text.size()));
    return set;
  }

  double width_of(const PangoText& set) {
    int width = 0;
    pango_.get_size(set.get(), &width, nullptr);
    return width / kMillimetre / PANGO_SCALE;
  }

  void show(const PangoText& set, double x, double y) {
    const double above = static_cast<double>(pango_.get_baseline(set.get())) / PANGO_SCALE;
    cairo_.move_to(context_.get(), x * kMillimetre, y * kMillimetre - above);
    pango_.show_layout(context_.get(), set.get());
  }

  const CairoLibrary& cairo_ = CairoLibrary::loaded();
  const PangoLibrary& pango_ = PangoLibrary::loaded();
  Bytes out_;
  CairoSurface surface_;
  CairoContext context_;
};

constexpr double kLeft = 20, kWidth = 170;

template <typename... Values>
std::string filled(std::string_view text, const Values&... values) {
  return fmt::format(fmt::runtime(text), values...);
}

// The lines that are filled in by hand.
void draw_custody(Pages& pages, const SlipWords& words, double y) {
  const std::array<std::pair<std::string_view, double>, 4> columns = {
      {{words.handed_over, 45}, {words.taken_over, 45}, {words.when, 35}, {words.signature, 45}}};
  pages.text(kLeft, y, 11, words.custody, kWidth, true);
  y += 7;
  double x = kLeft;
  for (const auto& [name, width] : columns) {
    pages.text(x, y, 9, name, width - 3);
    x += width;
  }
  for (int row = 0; row < 5; ++row) {
    y += 11;
    x = kLeft;
    for (const auto& column : columns) {
      pages.line(x, y, column.second - 3);
      x += column.second;
    }
  }
}

void draw_slip(Pages& pages, const SlipWords& words, const Slip& slip, const SlipVolume& volume) {
  constexpr double kNames = 35, kQrSide = 48;
  pages.text(kLeft, 27, 11, words.title, kWidth);
  pages.fitted_text(kLeft, 37, 24, 8, slip.parcel, kWidth - kQrSide, true);
  pages.fitted_text(kLeft, 47, 16, 8, volume.words(words), kWidth - kQrSide, true);
  pages.qr(kLeft + kWidth - kQrSide + 4, 18, kQrSide, volume.code);
  double y = 74;
  const auto row = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    pages.text(kLeft, y, 9, name, kNames - 2);
    pages.text(kLeft + kNames, y, 11, value, kWidth - kNames);
    y += 7;
  };
  row(words.from, slip.from);
  constexpr std::size_t kMaxAddressees = 8;
  for (std::size_t i = 0; i < slip.to.size() && i < kMaxAddressees; ++i) {
    const auto& [parcel, site] = slip.to[i];
    row(i == 0 ? words.to : words.and_to,
        slip.to.size() == 1 ? site : filled(words.as_parcel, site, parcel));
  }
  if (slip.to.size() > kMaxAddressees) {
    const std::size_t more = slip.to.size() - kMaxAddressees;
    row(words.and_to,
        more == 1 ? std::string(words.one_more_site) : filled(words.more_sites, more));
  }
  row(words.made, iso8601(slip.created));
  row(words.name, slip.name);
  row(words.content,
      filled(words.on_media, words.size(slip.content_bytes), words.size(slip.file_bytes)));
  row(words.carrier, slip.carrier);
  row(words.tracking, slip.tracking);
  if (slip.expected) row(words.expected, iso8601(*slip.expected).substr(0, 10));
  row(words.written_to, volume.medium);
  y += 3;
  pages.text(kLeft, y, 9, words.fingerprint, kWidth);
  y += 7;
  pages.text(kLeft, y, 12, slip.fingerprint, kWidth, true);
  draw_custody(pages, words, std::max(y + 16, 195.0));
  pages.text(kLeft, 282, 8, volume.code, kWidth);
}

void draw_label(Pages& pages, const SlipWords& words, const Slip& slip, const SlipVolume& volume) {
  constexpr double kEdge = 4, kQrSide = 38, kText = 100 - 2 * kEdge - kQrSide;
  pages.fitted_text(kEdge, 10, 13, 6, slip.parcel, kText, true);
  pages.fitted_text(kEdge, 17, 11, 6, volume.words(words), kText, true);
  pages.fitted_text(kEdge, 26, 9, 7, fmt::format("{} {}", words.from, slip.from), kText);
  double y = 31;
  constexpr std::size_t kMaxAddressees = 2;
  for (std::size_t i = 0; i < slip.to.size() && i < kMaxAddressees; ++i, y += 5) {
    pages.fitted_text(kEdge, y, 9, 7, fmt::format("{} {}", words.to, slip.to[i].second), kText);
  }
  if (slip.to.size() > kMaxAddressees) {
    pages.text(kEdge, y, 9, filled(words.more, slip.to.size() - kMaxAddressees), kText);
  }
  pages.text(kEdge, 46, 8, iso8601(slip.created).substr(0, 10), kText);
  pages.qr(100 - kQrSide - 1, 3, kQrSide, volume.code);
  pages.text(kEdge, 55, 8, slip.fingerprint, 100 - 2 * kEdge);
}

Bytes drawn(double width, double height, const SlipWords& words, const Slip& slip,
            void (*draw)(Pages&, const SlipWords&, const Slip&, const SlipVolume&)) {
  Pages pages(width, height, fmt::format("{} {}", words.title, slip.parcel), slip.created);
  for (const SlipVolume& volume : slip.volumes) {
    draw(pages, words, slip, volume);
    pages.next_page();
  }
  return pages.finish();
}

}  // namespace

std::string SlipVolume::words(const SlipWords& words) const {
  if (number == 0) return std::string(words.whole);
  return filled(is_spare ? words.spare : words.volume, number, of);
}

Bytes slip_pdf(const Slip& slip, const SlipWords& words) {
  return drawn(210, 297, words, slip, &draw_slip);
}

Bytes label_pdf(const Slip& slip, const SlipWords& words) {
  return drawn(100, 60, words, slip, &draw_label);
}

}  // namespace courier
