// The one cipher of format version 1: ChaCha20-Poly1305 (RFC 8439, 12-byte nonce, 16-byte tag)
// through OpenSSL's EVP, which makes the same bytes as libsodium's at three times the speed
// (4.5 against 1.5 GB/s a core in 2 MiB pieces). parcel/FORMAT.md, "Keys".
//
// The nonce is always four zero bytes and a 64-bit little-endian counter.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/secret.h"

namespace courier {

inline constexpr std::size_t kAeadTagSize = 16;

// Appends the sealed bytes (plaintext.size() + kAeadTagSize) to out. Thread-safe. Precondition: key
// is 32 bytes and (key, counter) was never used before.
void seal_onto(Bytes& out, ByteView key, std::uint64_t counter, ByteView associated,
               ByteView plaintext);
// The same where the plaintext is: all but the last kAeadTagSize bytes, which become the tag.
void seal_in_place(MutableByteView plaintext_and_room, ByteView key, std::uint64_t counter,
                   ByteView associated);

// The plaintext, or nullopt when key, counter, associated data or bytes are not those of the
// sealing: then nothing of it has been released. Thread-safe.
std::optional<Bytes> open_sealed(ByteView key, std::uint64_t counter, ByteView associated,
                                 ByteView sealed);

}  // namespace courier
