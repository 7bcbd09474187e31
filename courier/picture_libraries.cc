#include "courier/picture_libraries.h"

#include <optional>

#include "base/error.h"
#include "courier/loaded_library.h"

namespace courier {
namespace {

PictureLibraries load() {
  PictureLibraries all{};
  const LoadedLibrary zxing("libZXing.so.2", "libzxing2");
  zxing.bind("_ZN5ZXing12ReadBarcodesERKNS_9ImageViewERKNS_11DecodeHintsE", all.read_barcodes);
  zxing.bind("_ZNK5ZXing6Result5bytesEv", all.result_bytes);
  const LoadedLibrary png("libspng.so.0", "libspng0");
  png.bind("spng_ctx_new", all.png_new);
  png.bind("spng_ctx_free", all.png_free);
  png.bind("spng_set_image_limits", all.png_set_image_limits);
  png.bind("spng_set_chunk_limits", all.png_set_chunk_limits);
  png.bind("spng_set_png_buffer", all.png_set_buffer);
  png.bind("spng_get_ihdr", all.png_get_header);
  png.bind("spng_decode_image", all.png_decode);
  const LoadedLibrary jpeg("libturbojpeg.so.0", "libturbojpeg0");
  jpeg.bind("tjInitDecompress", all.jpeg_new);
  jpeg.bind("tjDestroy", all.jpeg_free);
  jpeg.bind("tjDecompressHeader3", all.jpeg_get_header);
  jpeg.bind("tjDecompress2", all.jpeg_decode);
  return all;
}

std::optional<PictureLibraries> load_if_installed() {
  try {
    return load();
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

const PictureLibraries* PictureLibraries::loaded() {
  static const std::optional<PictureLibraries> libraries = load_if_installed();
  return libraries ? &*libraries : nullptr;
}

}  // namespace courier
