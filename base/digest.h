// Digest: 32 bytes of BLAKE2b-256 with a personalisation string for each kind of thing that is
// hashed. Source: RFC 7693; incremental by libsodium (crypto_generichash_blake2b_salt_personal),
// whole messages by blake2b.h.
#pragma once

#include <array>
#include <compare>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/blake2b.h"
#include "base/bytes.h"

namespace courier {

struct Digest {
  std::array<std::uint8_t, 32> bytes{};

  auto operator<=>(const Digest&) const = default;
  bool is_zero() const { return *this == Digest{}; }
  ByteView view() const { return bytes; }
  std::string hex() const { return to_hex(bytes); }
  // First 12 hex digits, for people.
  std::string brief() const { return hex().substr(0, 12); }
  // Errors: usage, unless 64 hex digits.
  static Digest from_hex(std::string_view hex);
  // Precondition: view.size() == 32.
  static Digest from(ByteView view);
};

// What is hashed; each has its own 16-byte personalisation, so that no digest of one kind is ever
// one of another.
enum class DigestKind {
  chunk,
  node,
  root,
  pack,
  block,
  label,
  key_slots,
  packing_list,
  record,
  record_signature,
  end_signature,
  label_signature,
  identity_signature,
  rotation_signature,
  fingerprint,
  commitment,
  file,
  site_file,  // key ring, trust list, identity: their checksum
  backup,     // parts of a home's backup
};

Digest digest_of(DigestKind kind, ByteView data);

// Something to be hashed.
struct Message {
  DigestKind kind;
  ByteView data;
};

// The digest of each, in their order: several times as fast as one after the other, the more so the
// more there are (eight or more of like size). Thread-safe.
std::vector<Digest> digests_of(std::span<const Message> messages);

// Incremental form. Thread-compatible: one hasher, one thread.
class Hasher {
 public:
  explicit Hasher(DigestKind kind);
  Hasher& update(ByteView data);
  Digest finish();  // once

 private:
  detail::Blake2bStream state_;
};

// 64 bytes of domain-separated digest, the form in which everything is signed. Source:
// parcel/FORMAT.md, section 2.
std::array<std::uint8_t, 64> signing_input(DigestKind kind, ByteView message);

}  // namespace courier

template <>
struct std::hash<courier::Digest> {
  std::size_t operator()(const courier::Digest& d) const noexcept {
    std::size_t h;
    std::memcpy(&h, d.bytes.data(), sizeof h);
    return h;
  }
};
