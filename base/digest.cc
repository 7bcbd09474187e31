#include "base/digest.h"

#include <algorithm>

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

using Personal = std::array<std::uint8_t, crypto_generichash_blake2b_PERSONALBYTES>;

Personal personal_of(DigestKind kind) {
  Personal out{};
  const std::string_view text = kPersonal.at(static_cast<std::size_t>(kind));
  std::memcpy(out.data(), text.data(), text.size());
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

Digest digest_of(DigestKind kind, ByteView data) {
  Digest digest;
  const auto personal = personal_of(kind);
  const detail::Blake2bMessage message{data.data(), data.size(), personal.data(),
                                       digest.bytes.data()};
  detail::blake2b(&message, 1);
  return digest;
}

std::vector<Digest> digests_of(std::span<const Message> messages) {
  static const auto kPersonals = [] {
    std::array<Personal, kPersonal.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = personal_of(static_cast<DigestKind>(i));
    return all;
  }();
  std::vector<Digest> digests(messages.size());
  std::vector<detail::Blake2bMessage> todo;
  todo.reserve(messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    todo.push_back({message.data.data(), message.data.size(),
                    kPersonals.at(static_cast<std::size_t>(message.kind)).data(),
                    digests[i].bytes.data()});
  }
  std::ranges::sort(todo, std::greater{}, &detail::Blake2bMessage::size);
  detail::blake2b(todo.data(), todo.size());
  return digests;
}

std::array<std::uint8_t, 64> signing_input(DigestKind kind, ByteView message) {
  detail::sodium_ready();
  std::array<std::uint8_t, 64> out;
  crypto_generichash_blake2b_salt_personal(out.data(), out.size(), message.data(), message.size(),
                                           nullptr, 0, nullptr, personal_of(kind).data());
  return out;
}

Hasher::Hasher(DigestKind kind) : state_(personal_of(kind).data()) {}

Hasher& Hasher::update(ByteView data) {
  state_.update(data.data(), data.size());
  return *this;
}

Digest Hasher::finish() {
  Digest digest;
  state_.finish(digest.bytes.data());
  return digest;
}

}  // namespace courier
