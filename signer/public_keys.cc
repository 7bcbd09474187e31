#include "signer/public_keys.h"

#include <algorithm>
#include <cstring>

#include "base/sodium_ready.h"

namespace courier {

namespace {

// X25519 with one of the few points of small order gives zeros for every secret: a box for such a
// key could be opened by all. libsodium reports them.
bool can_be_sealed_to(const PublicKey& sealing) {
  detail::sodium_ready();
  constexpr PublicKey kAnySecret{1, 2, 3};
  PublicKey shared;
  return crypto_scalarmult(shared.data(), kAnySecret.data(), sealing.data()) == 0;
}

// A number below 2^255 - 19, so that one key has one form (and one fingerprint).
bool is_canonical(const PublicKey& sealing) {
  if (sealing[31] > 0x7f) return false;
  const bool is_high = sealing[31] == 0x7f && std::all_of(sealing.begin() + 1, sealing.end() - 1,
                                                          [](std::uint8_t b) { return b == 0xff; });
  return !is_high || sealing[0] < 0xed;
}

template <std::size_t N>
std::array<std::uint8_t, N> decode_array(Decoder& in) {
  std::array<std::uint8_t, N> out;
  std::memcpy(out.data(), in.raw(N).data(), N);
  return out;
}

}  // namespace

Digest sealing_key_digest(const PublicKey& sealing) {
  Encoder named;
  named.raw(as_bytes("sealing key")).raw(sealing);
  return digest_of(DigestKind::fingerprint, named.view());
}

void encode(Encoder& out, const PublicKeys& keys) { out.raw(keys.signing).raw(keys.sealing); }

PublicKey decode_public_key(Decoder& in) { return decode_array<32>(in); }
Signature decode_signature(Decoder& in) { return decode_array<64>(in); }

PublicKeys decode_public_keys(Decoder& in) {
  PublicKeys keys;
  keys.signing = decode_public_key(in);
  keys.sealing = decode_public_key(in);
  if (!is_canonical(keys.sealing) || !can_be_sealed_to(keys.sealing)) {
    in.fail("has a sealing key that nothing can be sealed to");
  }
  return keys;
}

}  // namespace courier
