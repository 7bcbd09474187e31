#include "base/digest.h"

#include "base/error.h"
#include "base/sodium_ready.h"

namespace courier {

namespace {

// The 16-byte personalisations, zero-padded, in the order of the enum. They are part of the format
// (parcel/FORMAT.md): a change here is a new format.
constexpr std::array<std::string_view, 19> kPersonal = {
    "courier.chunk",  "courier.node",    "courier.root",  "courier.pack",   "courier.block",
    "courier.label",  "courier.keyslot", "courier.list",  "courier.record", "courier.recsig",
    "courier.endsig", "courier.lblsig",  "courier.idsig", "courier.rotsig", "courier.fprint",
    "courier.commit", "courier.file",    "courier.site",  "courier.backup",
};
static_assert(kPersonal.size() == static_cast<std::size_t>(DigestKind::backup) + 1);

std::array<std::uint8_t, crypto_generichash_blake2b_PERSONALBYTES> personal_of(DigestKind kind) {
  std::array<std::uint8_t, crypto_generichash_blake2b_PERSONALBYTES> out{};
  const std::string_view text = kPersonal.at(static_cast<std::size_t>(kind));
  std::memcpy(out.data(), text.data(), text.size());
  return out;
}

template <std::size_t N>
std::array<std::uint8_t, N> blake2b(DigestKind kind, ByteView data) {
  detail::sodium_ready();
  std::array<std::uint8_t, N> out;
  crypto_generichash_blake2b_salt_personal(out.data(), out.size(), data.data(), data.size(),
                                           nullptr, 0, nullptr, personal_of(kind).data());
  return out;
}

}  // namespace

Digest Digest::from_hex(std::string_view hex) {
  if (hex.size() != 64) {
    throw Error(ErrorCode::usage, escaped(hex.substr(0, 80)), "is no digest: 64 hex digits wanted");
  }
  return from(courier::from_hex(hex));
}

Digest Digest::from(ByteView view) {
  if (view.size() != 32) bug("a digest is made of 32 bytes");
  Digest digest;
  std::memcpy(digest.bytes.data(), view.data(), 32);
  return digest;
}

Digest digest_of(DigestKind kind, ByteView data) { return {blake2b<32>(kind, data)}; }

std::array<std::uint8_t, 64> signing_input(DigestKind kind, ByteView message) {
  return blake2b<64>(kind, message);
}

Hasher::Hasher(DigestKind kind) {
  static_assert(sizeof(crypto_generichash_blake2b_state) <= sizeof state_);
  static_assert(alignof(crypto_generichash_blake2b_state) <= 64);
  detail::sodium_ready();
  crypto_generichash_blake2b_init_salt_personal(
      reinterpret_cast<crypto_generichash_blake2b_state*>(state_), nullptr, 0, 32, nullptr,
      personal_of(kind).data());
}

Hasher& Hasher::update(ByteView data) {
  crypto_generichash_blake2b_update(reinterpret_cast<crypto_generichash_blake2b_state*>(state_),
                                    data.data(), data.size());
  return *this;
}

Digest Hasher::finish() {
  Digest digest;
  crypto_generichash_blake2b_final(reinterpret_cast<crypto_generichash_blake2b_state*>(state_),
                                   digest.bytes.data(), digest.bytes.size());
  return digest;
}

}  // namespace courier
