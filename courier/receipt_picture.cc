#include "courier/receipt_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "base/codec.h"
#include "base/confinement.h"
#include "base/error.h"
#include "courier/picture_worker.h"
#include "parcel/receipt.h"

namespace courier {
namespace {

constexpr const char* kNothing = "nothing was changed";
constexpr const char* kAgain =
    "take the photo again, straight, sharp and with the whole code and its white edge";

// 64 megapixels take 32 MiB as a file, four bytes for each pixel while a PNG is decoded, six for a
// progressive JPEG and twelve for one of four inks, one for its brightness and two while codes are
// looked for. A photograph of so many takes 2 to 5 seconds; one made of what looks like parts of
// codes may take minutes, and somebody waits.
ConfinedLimits limits() {
  return {.memory_bytes = 1ull << 30, .cpu_seconds = 20, .silence_seconds = 60};
}

SeenPicture seen_by_child(const std::string& subject, ByteView file, const ProgressSink& progress) {
  // The child tells nothing before it has looked.
  report(progress, {"looking", subject, file.size()});
  ConfinedChild child = ConfinedChild::start(picture_worker().name, limits());
  const auto failed = [](Error error) {
    return error.with_loss("nothing was changed: it could reach no file and no network")
        .with_hint(
            "give the part of it with the code alone, or a smaller picture; if that ends so, too, "
            "keep it and report it: it may have been made to attack this machine");
  };
  Encoder head;
  head.u64(file.size());
  std::array<std::uint8_t, 4> size_bytes{};
  if (!child.send(head.view()) || !child.send(file) || !child.receive(size_bytes)) {
    throw failed(child.failure(subject));
  }
  const std::uint32_t size = Decoder(ByteView(size_bytes), "picture message").u32();
  if (size > kMaxPictureMessage) {
    throw failed(confined_failure(subject, fmt::format("told {} bytes at once", size)));
  }
  Bytes message(size);
  if (!child.receive(message)) throw failed(child.failure(subject));
  try {
    return decode_seen_picture(message);
  } catch (const Error& error) {
    throw failed(confined_failure(subject, "told nonsense: " + error.happened()));
  }
}

Error cannot(ErrorCode code, const std::string& subject, const std::string& what) {
  return Error(code, subject, what).with_loss(kNothing);
}

}  // namespace

std::string receipt_in_picture(const std::string& subject, ByteView file,
                               const ProgressSink& progress) {
  const SeenPicture seen = seen_by_child(subject, file, progress);
  using State = SeenPicture::State;
  if (seen.state == State::no_library) {
    throw cannot(ErrorCode::device, subject,
                 "is a picture, and what reads pictures is not installed here")
        .with_hint(
            "install libzxing2, libspng0 and libturbojpeg0, or have a telephone read the code and "
            "give its text");
  }
  if (seen.state == State::too_large) {
    throw cannot(ErrorCode::usage, subject,
                 fmt::format("is a picture of {} by {} pixels; {} million are looked at at most",
                             seen.width, seen.height, kMaxPixels / 1'000'000))
        .with_hint("make it smaller, or cut out the part with the code");
  }
  if (seen.state == State::no_picture) {
    throw cannot(ErrorCode::damaged, subject, "begins as a picture and cannot be read as one")
        .with_hint("have the picture sent again");
  }
  std::vector<std::string> receipts;
  std::ranges::copy_if(seen.codes, std::back_inserter(receipts), looks_like_receipt_code);
  if (receipts.size() == 1) return receipts.front();
  if (receipts.size() > 1) {
    throw cannot(ErrorCode::usage, subject, fmt::format("shows {} receipts", receipts.size()))
        .with_hint("give a picture of one of them at a time");
  }
  if (!seen.codes.empty()) {
    throw cannot(ErrorCode::usage, subject, "shows a QR code that is no receipt")
        .with_hint(
            "the receipt is the code on the kiosk's screen; that of a slip or label names the "
            "parcel and says nothing of it");
  }
  if (seen.state == State::damaged) {
    throw cannot(ErrorCode::damaged, subject,
                 "is a damaged picture, and no QR code is found in what can be read of it")
        .with_hint("have the picture sent again");
  }
  throw cannot(ErrorCode::damaged, subject, "shows no QR code that can be read").with_hint(kAgain);
}

}  // namespace courier
