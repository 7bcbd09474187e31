// The reader of pictures, without its confinement: it ends, and what it tells can be read. The same
// bytes as what a child might say of a picture: they are read or refused, and have this one
// encoding.
#include <cstdlib>

#include "base/error.h"
#include "courier/picture_worker.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  const ByteView bytes(data, size);
  // Fewer pixels than the program looks at: more inputs a second.
  const SeenPicture seen = see_picture(bytes, 1u << 19);
  const Bytes message = encode(seen);
  if (message.size() > kMaxPictureMessage || decode_seen_picture(message) != seen) std::abort();
  try {
    const SeenPicture said = decode_seen_picture(bytes);
    if (encode(said) != to_bytes(bytes)) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged) std::abort();
  }
  return 0;
}
