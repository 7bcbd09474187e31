#include "signer/signature.h"

#include "base/sodium_ready.h"

namespace courier {

bool verify(const PublicKey& key, DigestKind domain, ByteView message, ByteView signature) {
  if (signature.size() != crypto_sign_BYTES) return false;
  const auto input = signing_input(domain, message);
  return crypto_sign_verify_detached(signature.data(), input.data(), input.size(), key.data()) == 0;
}

SigningKey::SigningKey(ByteView seed) : secret_(crypto_sign_SECRETKEYBYTES) {
  if (seed.size() != crypto_sign_SEEDBYTES) bug("a signing key is made of 32 bytes");
  crypto_sign_seed_keypair(public_key_.data(), secret_.bytes().data(), seed.data());
}

Signature SigningKey::sign(DigestKind domain, ByteView message) const {
  const auto input = signing_input(domain, message);
  Signature signature;
  crypto_sign_detached(signature.data(), nullptr, input.data(), input.size(),
                       secret_.view().data());
  return signature;
}

}  // namespace courier
