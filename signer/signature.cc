#include "signer/signature.h"

#include "base/sodium_ready.h"

namespace courier {
namespace {

SigningInput receipt_input(ByteView message) {
  constexpr unsigned char kPersonal[crypto_generichash_blake2b_PERSONALBYTES] = "courier.rcptsig";
  SigningInput input;
  crypto_generichash_blake2b_salt_personal(input.data(), input.size(), message.data(),
                                           message.size(), nullptr, 0, nullptr, kPersonal);
  return input;
}

bool is_signed(const PublicKey& key, const SigningInput& input, ByteView signature) {
  if (signature.size() != crypto_sign_BYTES) return false;
  return crypto_sign_verify_detached(signature.data(), input.data(), input.size(), key.data()) == 0;
}

}  // namespace

bool verify(const PublicKey& key, DigestKind domain, ByteView message, ByteView signature) {
  return is_signed(key, signing_input(domain, message), signature);
}

bool verify_receipt(const PublicKey& key, ByteView message, ByteView signature) {
  detail::sodium_ready();
  return is_signed(key, receipt_input(message), signature);
}

SigningKey::SigningKey(ByteView seed) : secret_(crypto_sign_SECRETKEYBYTES) {
  if (seed.size() != crypto_sign_SEEDBYTES) bug("a signing key is made of 32 bytes");
  crypto_sign_seed_keypair(public_key_.data(), secret_.bytes().data(), seed.data());
}

Signature SigningKey::sign(DigestKind domain, ByteView message) const {
  return sign_input(signing_input(domain, message));
}

Signature SigningKey::sign_receipt(ByteView message) const {
  return sign_input(receipt_input(message));
}

Signature SigningKey::sign_input(const SigningInput& input) const {
  Signature signature;
  crypto_sign_detached(signature.data(), nullptr, input.data(), input.size(),
                       secret_.view().data());
  return signature;
}

}  // namespace courier
