#include "courier/picture_libraries.h"

#include <dlfcn.h>

#include <optional>

namespace courier {
namespace {

// One library under way: remembers whether all that was asked of it is there.
class Library {
 public:
  // Never closed.
  explicit Library(const char* name) : handle_(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {}

  template <typename Function>
  void bind(const char* name, Function& function) {
    function = handle_ == nullptr ? nullptr : reinterpret_cast<Function>(dlsym(handle_, name));
    is_whole_ = is_whole_ && function != nullptr;
  }
  bool is_whole() const { return is_whole_; }

 private:
  void* handle_;
  bool is_whole_ = true;
};

std::optional<PictureLibraries> load() {
  PictureLibraries all{};
  Library zxing("libZXing.so.2");
  zxing.bind("_ZN5ZXing12ReadBarcodesERKNS_9ImageViewERKNS_11DecodeHintsE", all.read_barcodes);
  zxing.bind("_ZNK5ZXing6Result5bytesEv", all.result_bytes);
  Library png("libspng.so.0");
  png.bind("spng_ctx_new", all.png_new);
  png.bind("spng_ctx_free", all.png_free);
  png.bind("spng_set_image_limits", all.png_set_image_limits);
  png.bind("spng_set_chunk_limits", all.png_set_chunk_limits);
  png.bind("spng_set_png_buffer", all.png_set_buffer);
  png.bind("spng_get_ihdr", all.png_get_header);
  png.bind("spng_decode_image", all.png_decode);
  Library jpeg("libturbojpeg.so.0");
  jpeg.bind("tjInitDecompress", all.jpeg_new);
  jpeg.bind("tjDestroy", all.jpeg_free);
  jpeg.bind("tjDecompressHeader3", all.jpeg_get_header);
  jpeg.bind("tjDecompress2", all.jpeg_decode);
  if (!zxing.is_whole() || !png.is_whole() || !jpeg.is_whole()) return std::nullopt;
  return all;
}

}  // namespace

const PictureLibraries* PictureLibraries::loaded() {
  static const std::optional<PictureLibraries> libraries = load();
  return libraries ? &*libraries : nullptr;
}

}  // namespace courier
