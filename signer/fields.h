// The fields that identity files, key rings, trust lists and certificates have in common.
#pragma once

#include <cstring>

#include "base/clock.h"
#include "base/codec.h"
#include "base/vocabulary.h"

namespace courier {

inline void encode(Encoder& out, const SiteCode& code) { out.raw(as_bytes(code.str())); }
inline SiteCode decode_site_code(Decoder& in) {
  const auto code = SiteCode::try_parse(as_text(in.raw(3)));
  if (!code) in.fail("has no valid site code");
  return *code;
}

inline void encode(Encoder& out, const Incarnation& incarnation) {
  out.u32(incarnation.ordinal).raw(incarnation.random);
}
inline Incarnation decode_incarnation(Decoder& in) {
  Incarnation incarnation;
  incarnation.ordinal = in.u32();
  std::memcpy(incarnation.random.data(), in.raw(incarnation.random.size()).data(),
              incarnation.random.size());
  return incarnation;
}

inline void encode(Encoder& out, Time time) { out.zigzag(to_seconds(time)); }
// Whole seconds, within what Time reaches: one time has one encoding.
inline Time decode_time(Decoder& in) {
  const std::int64_t seconds = in.zigzag();
  const Time time = from_seconds(seconds);
  if (to_seconds(time) != seconds) in.fail("has a time out of reach");
  return time;
}

}  // namespace courier
