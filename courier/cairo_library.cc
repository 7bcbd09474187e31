#include "courier/cairo_library.h"

#include "courier/loaded_library.h"

namespace courier {
namespace {

CairoLibrary load() {
  const LoadedLibrary library("libcairo.so.2", "libcairo2");
  CairoLibrary cairo{};
  library.bind("cairo_image_surface_create", cairo.image_surface_create);
  library.bind("cairo_pdf_surface_create_for_stream", cairo.pdf_surface_create_for_stream);
  library.bind("cairo_pdf_surface_set_metadata", cairo.pdf_surface_set_metadata);
  library.bind("cairo_surface_write_to_png_stream", cairo.surface_write_to_png_stream);
  library.bind("cairo_surface_finish", cairo.surface_finish);
  library.bind("cairo_surface_status", cairo.surface_status);
  library.bind("cairo_surface_destroy", cairo.surface_destroy);
  library.bind("cairo_create", cairo.create);
  library.bind("cairo_destroy", cairo.destroy);
  library.bind("cairo_status", cairo.status);
  library.bind("cairo_set_antialias", cairo.set_antialias);
  library.bind("cairo_set_source_rgb", cairo.set_source_rgb);
  library.bind("cairo_set_line_width", cairo.set_line_width);
  library.bind("cairo_paint", cairo.paint);
  library.bind("cairo_rectangle", cairo.rectangle);
  library.bind("cairo_move_to", cairo.move_to);
  library.bind("cairo_line_to", cairo.line_to);
  library.bind("cairo_fill", cairo.fill);
  library.bind("cairo_stroke", cairo.stroke);
  library.bind("cairo_show_page", cairo.show_page);
  return cairo;
}

}  // namespace

const CairoLibrary& CairoLibrary::loaded() {
  static const CairoLibrary library = load();
  return library;
}

}  // namespace courier
