// The public half of a site's keys: an Ed25519 key that its labels are signed with and an X25519
// key that parcels for it are sealed to. Both are made together and replaced together.
#pragma once

#include <array>
#include <compare>
#include <cstdint>

#include "base/bytes.h"
#include "base/codec.h"
#include "base/digest.h"

namespace courier {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

struct PublicKeys {
  PublicKey signing{};  // Ed25519
  PublicKey sealing{};  // X25519

  auto operator<=>(const PublicKeys&) const = default;
};

// The name of a sealing key in a label, so that an addressee sees at once which of its keys a
// parcel is sealed to.
Digest sealing_key_digest(const PublicKey& sealing);

// 64 bytes: signing key, sealing key.
void encode(Encoder& out, const PublicKeys& keys);
// Errors: damaged, when the sealing key is one of the few points that nothing can be sealed to, or
// not in its one canonical form.
PublicKeys decode_public_keys(Decoder& in);

// Copies of exactly 32 and 64 bytes.
PublicKey decode_public_key(Decoder& in);
Signature decode_signature(Decoder& in);

}  // namespace courier
