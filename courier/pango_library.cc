#include "courier/pango_library.h"

#include "courier/loaded_library.h"

namespace courier {
namespace {

PangoLibrary load() {
  PangoLibrary pango{};
  const LoadedLibrary drawing("libpangocairo-1.0.so.0", "libpangocairo-1.0-0");
  drawing.bind("pango_cairo_create_layout", pango.create_layout);
  drawing.bind("pango_cairo_show_layout", pango.show_layout);
  const LoadedLibrary text("libpango-1.0.so.0", "libpangocairo-1.0-0");
  text.bind("pango_layout_get_context", pango.get_context);
  text.bind("pango_context_set_round_glyph_positions", pango.set_round_positions);
  text.bind("pango_layout_set_font_description", pango.set_font);
  text.bind("pango_layout_set_text", pango.set_text);
  text.bind("pango_layout_set_width", pango.set_width);
  text.bind("pango_layout_set_ellipsize", pango.set_ellipsize);
  text.bind("pango_layout_set_auto_dir", pango.set_auto_dir);
  text.bind("pango_layout_set_single_paragraph_mode", pango.set_single_paragraph);
  text.bind("pango_layout_get_size", pango.get_size);
  text.bind("pango_layout_get_baseline", pango.get_baseline);
  text.bind("pango_layout_get_unknown_glyphs_count", pango.count_unknown);
  text.bind("pango_font_description_from_string", pango.font_from_string);
  text.bind("pango_font_description_set_absolute_size", pango.font_set_size);
  text.bind("pango_font_description_free", pango.font_free);
  const LoadedLibrary objects("libgobject-2.0.so.0", "libpangocairo-1.0-0");
  objects.bind("g_object_unref", pango.unref);
  return pango;
}

}  // namespace

const PangoLibrary& PangoLibrary::loaded() {
  static const PangoLibrary library = load();
  return library;
}

}  // namespace courier
