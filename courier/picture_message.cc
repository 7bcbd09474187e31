#include "courier/picture_message.h"

#include "base/codec.h"

namespace courier {

Bytes encode(const SeenPicture& seen) {
  Encoder out;
  out.u8(static_cast<std::uint8_t>(seen.state)).u32(seen.width).u32(seen.height);
  out.varint(seen.codes.size());
  for (const std::string& code : seen.codes) out.bytes(as_bytes(code));
  return out.take();
}

SeenPicture decode_seen_picture(ByteView message) {
  Decoder in(message, "picture message");
  SeenPicture seen;
  const std::uint8_t state = in.u8();
  if (state > static_cast<std::uint8_t>(SeenPicture::State::no_library)) in.fail("unknown state");
  seen.state = static_cast<SeenPicture::State>(state);
  seen.width = in.u32();
  seen.height = in.u32();
  const std::size_t count = in.count(kMaxPictureCodes);
  for (std::size_t i = 0; i < count; ++i) {
    seen.codes.emplace_back(as_text(in.bytes(kMaxPictureCode)));
  }
  in.expect_end();
  return seen;
}

}  // namespace courier
