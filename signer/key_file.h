// The file behind KeyRing: its bytes, and the wrapping of its secrets with a passphrase.
//
// Bytes: a checked file (checked_file.h) of the magic "PCLKEYS\n", version 1, with the body: 3
// bytes site code, text name, u32 incarnation ordinal, 16 bytes incarnation, i64 zigzag creation
// time in seconds; count of generations, each u32 number, 64 bytes public keys, i64 zigzag creation
// time; count of rotation certificates, each a byte string; u8 wrapping: 0, then the secrets in
// clear, or 1 (Argon2id and XChaCha20-Poly1305), then 16 bytes salt, u64 operations, u64 memory in
// bytes, 24 bytes nonce and the sealed secrets. The secrets: 32 bytes signing seed of the newest
// generation, then for each generation 32 bytes sealing secret. Associated data of the sealing:
// site code and generations as above, so that nobody without the passphrase puts other public keys
// to the secrets; name, incarnation and certificates are outside, so that a locked ring can be
// restored.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/entropy.h"
#include "base/secret.h"
#include "base/vocabulary.h"
#include "signer/public_keys.h"
#include "signer/rotation_certificate.h"

namespace courier {

inline constexpr std::size_t kMaxKeyFileSize = 64 * 1024;
inline constexpr std::size_t kMaxKeyGenerations = kMaxSuccession + 1;

// What deriving the wrapping key from a passphrase costs whoever guesses: half a second and 256
// MiB, which a machine with 2 GiB can spare.
struct PassphraseCost {
  std::uint64_t operations = 3;
  std::uint64_t memory_bytes = std::uint64_t{256} << 20;
};

// The public parts of one generation.
struct KeyGeneration {
  std::uint32_t number = 1;
  PublicKeys keys;
  Time created;
};

struct KeyWrapping {
  std::array<std::uint8_t, 16> salt{};
  PassphraseCost cost;
  std::array<std::uint8_t, 24> nonce{};
  Bytes sealed;
};

struct KeyFile {
  SiteCode code;
  std::string name;
  Incarnation incarnation;
  Time created;
  std::vector<KeyGeneration> generations;  // oldest first, at least one
  std::vector<Bytes> succession;
  std::optional<KeyWrapping> wrapping;

  std::size_t secrets_size() const { return 32 + 32 * generations.size(); }

  // The file's bytes. clear_secrets are written only when there is no wrapping.
  Secret encode(const Secret& clear_secrets) const;
  // Sets wrapping to a new nonce and the secrets sealed with key. Precondition: wrapping is set.
  void wrap(const Secret& secrets, const Secret& key, Entropy& entropy);
  // The secrets, or nullopt when the key is another one.
  std::optional<Secret> unwrap(const Secret& key) const;
  // Errors: damaged, unless these are the secrets of the public keys here.
  void check_secrets(const Secret& secrets) const;
};

struct ParsedKeyFile {
  KeyFile file;
  Secret clear_secrets;  // empty when wrapped
};

// Errors: damaged, unsupported.
ParsedKeyFile parse_key_file(ByteView bytes, const std::string& subject);

// Derives the wrapping key. Errors: device, when the memory cannot be had.
Secret derive_wrapping_key(const KeyWrapping& wrapping, const Secret& passphrase);

// The X25519 public key of a secret. Precondition: 32 bytes.
PublicKey sealing_key_of(ByteView secret);

}  // namespace courier
