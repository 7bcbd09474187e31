// Sealed boxes: bytes that only the owner of an X25519 key can read; nothing says who sealed them,
// so they are never a proof of origin. Opened in KeyRing::open_sealed. Source: libsodium
// crypto_box_seal (ephemeral X25519, XSalsa20-Poly1305).
#pragma once

#include "base/bytes.h"
#include "signer/public_keys.h"

namespace courier {

// What a box is longer than its content.
inline constexpr std::size_t kSealedBoxOverhead = 48;

// Seals `content` to the owner of `sealing`. Precondition: a key that decode_public_keys accepted.
Bytes seal_to(const PublicKey& sealing, ByteView content);

}  // namespace courier
