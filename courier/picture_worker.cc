#include "courier/picture_worker.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "base/codec.h"
#include "base/confined_input.h"
#include "courier/picture_kind.h"
#include "courier/picture_libraries.h"

namespace courier {
namespace {

using State = SeenPicture::State;

// How bright each pixel is, line after line; white where nothing was decoded.
struct Brightness {
  int width = 0, height = 0;
  Bytes pixels;
};

// False, and said so, when there is nothing to look at or too much.
bool is_seen(SeenPicture& seen, std::uint64_t width, std::uint64_t height,
             std::uint64_t max_pixels) {
  seen.width = static_cast<std::uint32_t>(width);
  seen.height = static_cast<std::uint32_t>(height);
  if (width == 0 || height == 0) seen.state = State::no_picture;
  if (width * height > max_pixels) seen.state = State::too_large;
  return seen.state == State::whole;
}

// On white where it is transparent.
std::uint8_t brightness_of(const std::uint8_t* rgba) {
  const unsigned light = (306u * rgba[0] + 601u * rgba[1] + 117u * rgba[2] + 512u) >> 10;
  return static_cast<std::uint8_t>(255u - (255u - light) * rgba[3] / 255u);
}

std::optional<Brightness> png_brightness(const PictureLibraries& libraries, ByteView file,
                                         SeenPicture& seen, std::uint64_t max_pixels) {
  // Of what is beside the pixels (texts, profiles), which nobody looks at.
  constexpr std::size_t kMaxChunk = 32u << 20, kMaxChunks = 32u << 20;
  constexpr std::uint32_t kMaxSide = 1u << 20;
  const std::unique_ptr<spng_ctx, decltype(&::spng_ctx_free)> png(libraries.png_new(0),
                                                                  libraries.png_free);
  spng_ihdr header{};
  if (!png || libraries.png_set_image_limits(png.get(), kMaxSide, kMaxSide) != 0 ||
      libraries.png_set_chunk_limits(png.get(), kMaxChunk, kMaxChunks) != 0 ||
      libraries.png_set_buffer(png.get(), file.data(), file.size()) != 0) {
    seen.state = State::no_picture;
    return std::nullopt;
  }
  if (const int fault = libraries.png_get_header(png.get(), &header)) {
    const bool is_size = fault == SPNG_EUSER_WIDTH || fault == SPNG_EUSER_HEIGHT;
    seen.state = is_size ? State::too_large : State::no_picture;
    return std::nullopt;
  }
  if (!is_seen(seen, header.width, header.height, max_pixels)) return std::nullopt;
  const std::size_t count = std::size_t{header.width} * header.height;
  Bytes rgba(4 * count);
  const int fault =
      libraries.png_decode(png.get(), rgba.data(), rgba.size(), SPNG_FMT_RGBA8, SPNG_DECODE_TRNS);
  if (fault != 0) seen.state = State::damaged;
  Brightness out{static_cast<int>(header.width), static_cast<int>(header.height), Bytes(count)};
  for (std::size_t i = 0; i < count; ++i) out.pixels[i] = brightness_of(&rgba[4 * i]);
  return out;
}

// As all programs write pictures for print: 255 is none of an ink.
std::uint8_t brightness_of_inks(const std::uint8_t* cmyk) {
  const unsigned light = (306u * cmyk[0] + 601u * cmyk[1] + 117u * cmyk[2] + 512u) >> 10;
  return static_cast<std::uint8_t>(light * cmyk[3] / 255u);
}

std::optional<Brightness> jpeg_brightness(const PictureLibraries& libraries, ByteView file,
                                          SeenPicture& seen, std::uint64_t max_pixels) {
  const std::unique_ptr<void, decltype(&::tjDestroy)> jpeg(libraries.jpeg_new(),
                                                           libraries.jpeg_free);
  int width = 0, height = 0, sampling = 0, colours = 0;
  if (!jpeg || libraries.jpeg_get_header(jpeg.get(), file.data(), file.size(), &width, &height,
                                         &sampling, &colours) != 0) {
    seen.state = State::no_picture;
    return std::nullopt;
  }
  if (!is_seen(seen, static_cast<std::uint64_t>(std::max(width, 0)),
               static_cast<std::uint64_t>(std::max(height, 0)), max_pixels)) {
    return std::nullopt;
  }
  const std::size_t count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const bool is_for_print = colours == TJCS_CMYK || colours == TJCS_YCCK;
  Brightness out{width, height, Bytes(is_for_print ? 4 * count : count, 0xff)};
  // A picture that a mail cut off is one for as far as it goes.
  if (libraries.jpeg_decode(jpeg.get(), file.data(), file.size(), out.pixels.data(), width, 0,
                            height, is_for_print ? TJPF_CMYK : TJPF_GRAY, TJFLAG_LIMITSCANS) != 0) {
    seen.state = State::damaged;
  }
  if (is_for_print) {
    for (std::size_t i = 0; i < count; ++i) out.pixels[i] = brightness_of_inks(&out.pixels[4 * i]);
    out.pixels.resize(count);
    out.pixels.shrink_to_fit();
  }
  return out;
}

void add_codes(const PictureLibraries& libraries, const Brightness& picture, SeenPicture& seen) {
  const ZXing::ImageView view(picture.pixels.data(), picture.width, picture.height,
                              ZXing::ImageFormat::Lum);
  ZXing::DecodeHints hints;
  hints.setFormats(ZXing::BarcodeFormat::QRCode);
  hints.setMaxNumberOfSymbols(kMaxPictureCodes);
  // A telephone's picture of a screen has its finest lines from the screen: smaller it has none.
  hints.setDownscaleFactor(2);
  // Uneven light wants a threshold for each place, a small picture one for all of it.
  for (const auto binarizer : {ZXing::Binarizer::LocalAverage, ZXing::Binarizer::GlobalHistogram}) {
    hints.setBinarizer(binarizer);
    for (const ZXing::Result& result : libraries.read_barcodes(view, hints)) {
      if (!result.isValid()) continue;
      const ByteView content = libraries.result_bytes(&result);
      std::string code(as_text(content.first(std::min(content.size(), kMaxPictureCode))));
      const bool is_new = std::ranges::find(seen.codes, code) == seen.codes.end();
      if (is_new && seen.codes.size() < kMaxPictureCodes) seen.codes.push_back(std::move(code));
    }
    if (!seen.codes.empty()) return;
  }
}

// Twice as wide and high, with soft edges.
Brightness enlarged(const Brightness& small) {
  const auto width = static_cast<std::size_t>(small.width);
  const auto height = static_cast<std::size_t>(small.height);
  Brightness large{2 * small.width, 2 * small.height, Bytes(4 * width * height)};
  // Each pixel of the large one lies a quarter off the middle of one, towards another.
  const auto other = [](std::size_t at, std::size_t size) {
    const std::size_t near = at / 2;
    return at % 2 == 0 ? near - (near > 0 ? 1 : 0) : std::min(near + 1, size - 1);
  };
  for (std::size_t y = 0; y < 2 * height; ++y) {
    const std::uint8_t* const near = &small.pixels[y / 2 * width];
    const std::uint8_t* const far = &small.pixels[other(y, height) * width];
    for (std::size_t x = 0; x < 2 * width; ++x) {
      const std::size_t a = x / 2, b = other(x, width);
      const unsigned sum = 9u * near[a] + 3u * near[b] + 3u * far[a] + far[b];
      large.pixels[y * 2 * width + x] = static_cast<std::uint8_t>((sum + 8u) / 16u);
    }
  }
  return large;
}

void invert(Brightness& picture) {
  for (std::uint8_t& pixel : picture.pixels) pixel = static_cast<std::uint8_t>(255u - pixel);
}

// Dark on light; and else light on dark, as a page or a mail in a dark mode shows it.
void add_codes_of_either(const PictureLibraries& libraries, Brightness& picture,
                         SeenPicture& seen) {
  add_codes(libraries, picture, seen);
  if (!seen.codes.empty()) return;
  invert(picture);
  add_codes(libraries, picture, seen);
}

void prepare() { PictureLibraries::loaded(); }

int run(const Fd& channel, std::vector<Fd>) {
  Bytes head(8);
  read_input(channel, head);
  const std::uint64_t size = Decoder(ByteView(head), "size of a picture").u64();
  if (size > kMaxPictureFile) return 1;
  Bytes file(size);
  read_input(channel, file);
  const Bytes message = encode(see_picture(file));
  Encoder framed;
  framed.u32(static_cast<std::uint32_t>(message.size())).raw(message);
  write_answer(channel, framed.view());
  return 0;
}

}  // namespace

SeenPicture see_picture(ByteView file, std::uint64_t max_pixels) {
  SeenPicture seen;
  const PictureLibraries* const libraries = PictureLibraries::loaded();
  if (libraries == nullptr) {
    seen.state = State::no_library;
    return seen;
  }
  std::optional<Brightness> picture;
  switch (picture_kind(file)) {
    case PictureKind::png:
      picture = png_brightness(*libraries, file, seen, max_pixels);
      break;
    case PictureKind::jpeg:
      picture = jpeg_brightness(*libraries, file, seen, max_pixels);
      break;
    default:
      seen.state = State::no_picture;
  }
  if (!picture) return seen;
  add_codes_of_either(*libraries, *picture, seen);
  // A large code on a small screen: its points are as fine as the screen's.
  if (seen.codes.empty() && 4 * picture->pixels.size() <= max_pixels) {
    *picture = enlarged(*picture);
    add_codes_of_either(*libraries, *picture, seen);
  }
  return seen;
}

ConfinedWorker picture_worker() { return {"picture", prepare, run}; }

}  // namespace courier
