#include "signer/key_file.h"

#include <fmt/format.h>

#include <cstring>

#include "base/codec.h"
#include "base/error.h"
#include "base/sodium_ready.h"
#include "signer/checked_file.h"
#include "signer/fields.h"
#include "signer/signature.h"
#include "signer/site_identity.h"

namespace courier {

namespace {

constexpr CheckedFileKind kKind{"PCLKEYS\n", 1, kMaxKeyFileSize, "key ring"};
constexpr std::uint8_t kClear = 0;
constexpr std::uint8_t kArgon2id = 1;
// Bounds on what a file may ask of this machine; and less than the least is no Argon2id.
constexpr std::uint64_t kMaxOperations = 64;
constexpr std::uint64_t kMaxMemory = std::uint64_t{1} << 30;

void encode_generations(Encoder& out, const KeyFile& file) {
  out.varint(file.generations.size());
  for (const KeyGeneration& generation : file.generations) {
    out.u32(generation.number);
    encode(out, generation.keys);
    encode(out, generation.created);
  }
}

std::vector<KeyGeneration> decode_generations(Decoder& in) {
  std::vector<KeyGeneration> generations(in.count(kMaxKeyGenerations, 4 + 64 + 1));
  if (generations.empty()) in.fail("has no keys");
  std::uint32_t last = 0;
  for (KeyGeneration& generation : generations) {
    generation.number = in.u32();
    if (generation.number <= last) in.fail("has key generations out of order");
    last = generation.number;
    generation.keys = decode_public_keys(in);
    generation.created = decode_time(in);
  }
  return generations;
}

KeyWrapping decode_wrapping(Decoder& in, std::size_t secrets_size) {
  KeyWrapping wrapping;
  std::memcpy(wrapping.salt.data(), in.raw(wrapping.salt.size()).data(), wrapping.salt.size());
  wrapping.cost.operations = in.u64();
  wrapping.cost.memory_bytes = in.u64();
  if (wrapping.cost.operations < crypto_pwhash_argon2id_OPSLIMIT_MIN ||
      wrapping.cost.operations > kMaxOperations ||
      wrapping.cost.memory_bytes < crypto_pwhash_argon2id_MEMLIMIT_MIN ||
      wrapping.cost.memory_bytes > kMaxMemory) {
    in.fail("asks for more work than a passphrase may take, or for none");
  }
  std::memcpy(wrapping.nonce.data(), in.raw(wrapping.nonce.size()).data(), wrapping.nonce.size());
  wrapping.sealed = to_bytes(in.raw(secrets_size + crypto_aead_xchacha20poly1305_ietf_ABYTES));
  return wrapping;
}

Bytes associated_data(const KeyFile& file) {
  Encoder out;
  encode(out, file.code);
  encode_generations(out, file);
  return out.take();
}

}  // namespace

PublicKey sealing_key_of(ByteView secret) {
  detail::sodium_ready();
  if (secret.size() != crypto_scalarmult_SCALARBYTES) bug("a sealing key is made of 32 bytes");
  PublicKey key;
  crypto_scalarmult_base(key.data(), secret.data());
  return key;
}

Secret KeyFile::encode(const Secret& clear_secrets) const {
  Encoder out;
  courier::encode(out, code);
  out.text(name);
  courier::encode(out, incarnation);
  courier::encode(out, created);
  encode_generations(out, *this);
  out.varint(succession.size());
  for (const Bytes& certificate : succession) out.bytes(certificate);
  out.u8(wrapping ? kArgon2id : kClear);
  if (wrapping) {
    out.raw(wrapping->salt).u64(wrapping->cost.operations).u64(wrapping->cost.memory_bytes);
    out.raw(wrapping->nonce).raw(wrapping->sealed);
    return encode_checked(kKind, out.view());
  }
  // Secrets in clear never pass through memory that is not wiped.
  if (clear_secrets.size() != secrets_size()) bug("a key ring is written without its secrets");
  Secret body(out.size() + clear_secrets.size());
  std::memcpy(body.bytes().data(), out.view().data(), out.size());
  std::memcpy(body.bytes().data() + out.size(), clear_secrets.view().data(), clear_secrets.size());
  return encode_checked(kKind, body.view());
}

ParsedKeyFile parse_key_file(ByteView bytes, const std::string& subject) {
  const CheckedBody checked = decode_checked(kKind, bytes, subject);
  Decoder in(checked.body, subject);
  ParsedKeyFile parsed;
  KeyFile& file = parsed.file;
  file.code = decode_site_code(in);
  file.name = in.text(kMaxSiteNameSize);
  file.incarnation = decode_incarnation(in);
  file.created = decode_time(in);
  file.generations = decode_generations(in);
  const std::size_t certificates = in.count(kMaxSuccession);
  for (std::size_t i = 0; i < certificates; ++i) {
    file.succession.push_back(to_bytes(in.bytes(kMaxRotationCertificateSize)));
  }
  switch (in.u8()) {
    case kClear:
      parsed.clear_secrets = Secret::copy_of(in.raw(file.secrets_size()));
      break;
    case kArgon2id:
      file.wrapping = decode_wrapping(in, file.secrets_size());
      break;
    default:
      in.fail("has an unknown wrapping");
  }
  in.expect_end();
  return parsed;
}

void KeyFile::wrap(const Secret& secrets, const Secret& key, Entropy& entropy) {
  if (!wrapping || key.size() != crypto_aead_xchacha20poly1305_ietf_KEYBYTES) {
    bug("a key ring is wrapped without a key");
  }
  // A new random nonce of 24 bytes for each wrapping: the key stays while the passphrase does.
  entropy.fill(wrapping->nonce);
  const Bytes bound = associated_data(*this);
  wrapping->sealed.resize(secrets.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      wrapping->sealed.data(), nullptr, secrets.view().data(), secrets.size(), bound.data(),
      bound.size(), nullptr, wrapping->nonce.data(), key.view().data());
}

std::optional<Secret> KeyFile::unwrap(const Secret& key) const {
  const Bytes bound = associated_data(*this);
  Secret secrets(secrets_size());
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(secrets.bytes().data(), nullptr, nullptr,
                                                 wrapping->sealed.data(), wrapping->sealed.size(),
                                                 bound.data(), bound.size(), wrapping->nonce.data(),
                                                 key.view().data()) != 0) {
    return std::nullopt;
  }
  return secrets;
}

void KeyFile::check_secrets(const Secret& secrets) const {
  bool whole = secrets.size() == secrets_size() &&
               SigningKey(secrets.view().first(32)).public_key() == generations.back().keys.signing;
  for (std::size_t i = 0; whole && i < generations.size(); ++i) {
    whole = sealing_key_of(secrets.view().subspan(32 + 32 * i, 32)) == generations[i].keys.sealing;
  }
  if (!whole) {
    throw Error(ErrorCode::damaged, fmt::format("keys of site {}", code.str()),
                "do not belong together: secret and public parts differ")
        .with_loss("nothing was changed")
        .with_hint("restore this home from its backup with 'courier site restore FILE'");
  }
}

Secret derive_wrapping_key(const KeyWrapping& wrapping, const Secret& passphrase) {
  detail::sodium_ready();
  Secret key(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  // An empty passphrase is a wrong one, not a null pointer.
  const char* text =
      passphrase.empty() ? "" : reinterpret_cast<const char*>(passphrase.view().data());
  if (crypto_pwhash(key.bytes().data(), key.size(), text, passphrase.size(), wrapping.salt.data(),
                    wrapping.cost.operations, static_cast<std::size_t>(wrapping.cost.memory_bytes),
                    crypto_pwhash_ALG_ARGON2ID13) != 0) {
    throw Error(ErrorCode::device, "passphrase",
                fmt::format("needs {} of memory, which this machine does not give",
                            human_size(wrapping.cost.memory_bytes)))
        .with_hint("end other programs and run the same command");
  }
  return key;
}

}  // namespace courier
