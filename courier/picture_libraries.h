// What reads pictures and the QR codes in them: loaded by the confined child that does so, before
// it is confined, and by nobody else. Linked, the three would add an eighth to each start of the
// program. Needs the packages libzxing2, libspng0 and libturbojpeg0.
#pragma once

#define ZX_USE_UTF8
#include <ZXing/ReadBarcode.h>
#include <spng.h>
#include <turbojpeg.h>

namespace courier {

struct PictureLibraries {
  // Null when one of them is not installed.
  static const PictureLibraries* loaded();

  // Of ZXing, which has no interface in C: by the names that its ABI gives them. Where that passes
  // a member function's object as its first argument, which all of Debian's systems do.
  decltype(&ZXing::ReadBarcodes) read_barcodes;
  const ZXing::ByteArray& (*result_bytes)(const ZXing::Result*);

  decltype(&::spng_ctx_new) png_new;
  decltype(&::spng_ctx_free) png_free;
  decltype(&::spng_set_image_limits) png_set_image_limits;
  decltype(&::spng_set_chunk_limits) png_set_chunk_limits;
  decltype(&::spng_set_png_buffer) png_set_buffer;
  decltype(&::spng_get_ihdr) png_get_header;
  decltype(&::spng_decode_image) png_decode;

  decltype(&::tjInitDecompress) jpeg_new;
  decltype(&::tjDestroy) jpeg_free;
  decltype(&::tjDecompressHeader3) jpeg_get_header;
  decltype(&::tjDecompress2) jpeg_decode;
};

}  // namespace courier
