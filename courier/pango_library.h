// Pango, which sets text for cairo: with every font of the machine, shaped and in both directions,
// so that a site's name is read in its own script. Loaded when a text is drawn, as cairo is
// (courier/cairo_library.h).
#pragma once

#include <pango/pangocairo.h>

#include <memory>

namespace courier {

struct PangoLibrary {
  // Errors: device, when it is not installed.
  static const PangoLibrary& loaded();

  decltype(&::pango_cairo_create_layout) create_layout;
  decltype(&::pango_cairo_show_layout) show_layout;
  decltype(&::pango_layout_get_context) get_context;
  decltype(&::pango_context_set_round_glyph_positions) set_round_positions;
  decltype(&::pango_layout_set_font_description) set_font;
  decltype(&::pango_layout_set_text) set_text;
  decltype(&::pango_layout_set_width) set_width;
  decltype(&::pango_layout_set_ellipsize) set_ellipsize;
  decltype(&::pango_layout_set_auto_dir) set_auto_dir;
  decltype(&::pango_layout_set_single_paragraph_mode) set_single_paragraph;
  decltype(&::pango_layout_get_size) get_size;
  decltype(&::pango_layout_get_baseline) get_baseline;
  decltype(&::pango_layout_get_unknown_glyphs_count) count_unknown;
  decltype(&::pango_font_description_from_string) font_from_string;
  decltype(&::pango_font_description_set_absolute_size) font_set_size;
  decltype(&::pango_font_description_free) font_free;
  decltype(&::g_object_unref) unref;
};

using PangoText = std::unique_ptr<PangoLayout, decltype(&::g_object_unref)>;
using PangoFontWish =
    std::unique_ptr<PangoFontDescription, decltype(&::pango_font_description_free)>;

}  // namespace courier
