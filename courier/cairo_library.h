// Cairo, which draws pages and pictures: loaded when something is drawn and not before, for it and
// what it stands on (X11 and fonts among it) are two thirds of all that the program would map at
// each start. Where the package libcairo2 is not installed only drawing is missing.
#pragma once

#include <cairo-pdf.h>
#include <cairo.h>

#include <memory>

namespace courier {

struct CairoLibrary {
  // Errors: device, when it is not installed.
  static const CairoLibrary& loaded();

  decltype(&::cairo_image_surface_create) image_surface_create;
  decltype(&::cairo_pdf_surface_create_for_stream) pdf_surface_create_for_stream;
  decltype(&::cairo_pdf_surface_set_metadata) pdf_surface_set_metadata;
  decltype(&::cairo_surface_write_to_png_stream) surface_write_to_png_stream;
  decltype(&::cairo_surface_finish) surface_finish;
  decltype(&::cairo_surface_status) surface_status;
  decltype(&::cairo_surface_destroy) surface_destroy;
  decltype(&::cairo_create) create;
  decltype(&::cairo_destroy) destroy;
  decltype(&::cairo_status) status;
  decltype(&::cairo_set_antialias) set_antialias;
  decltype(&::cairo_set_source_rgb) set_source_rgb;
  decltype(&::cairo_set_line_width) set_line_width;
  decltype(&::cairo_paint) paint;
  decltype(&::cairo_rectangle) rectangle;
  decltype(&::cairo_move_to) move_to;
  decltype(&::cairo_line_to) line_to;
  decltype(&::cairo_fill) fill;
  decltype(&::cairo_stroke) stroke;
  decltype(&::cairo_show_page) show_page;
};

using CairoSurface = std::unique_ptr<cairo_surface_t, decltype(&::cairo_surface_destroy)>;
using CairoContext = std::unique_ptr<cairo_t, decltype(&::cairo_destroy)>;

}  // namespace courier
