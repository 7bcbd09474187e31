#include "parcel/aead.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/error.h"

namespace courier {

namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

std::array<std::uint8_t, 12> nonce_of(std::uint64_t counter) {
  std::array<std::uint8_t, 12> nonce{};
  for (std::size_t i = 0; i < 8; ++i) {
    nonce[4 + i] = static_cast<std::uint8_t>(counter >> (8 * i));
  }
  return nonce;
}

// EVP takes sizes as int; every caller is bounded far below that.
int int_size(ByteView bytes) {
  if (bytes.size() > 1u << 30) bug("a piece to be sealed is at most 1 GiB");
  return static_cast<int>(bytes.size());
}

void must(int result) {
  if (result != 1) bug("ChaCha20-Poly1305 of libcrypto failed");
}

Context start(ByteView key, std::uint64_t counter, ByteView associated, bool sealing) {
  if (key.size() != 32) bug("a sealing key has 32 bytes");
  Context context(EVP_CIPHER_CTX_new());
  must(context != nullptr);
  must(EVP_CipherInit_ex(context.get(), EVP_chacha20_poly1305(), nullptr, key.data(),
                         nonce_of(counter).data(), sealing ? 1 : 0));
  int size = 0;
  must(EVP_CipherUpdate(context.get(), nullptr, &size, associated.data(), int_size(associated)));
  return context;
}

}  // namespace

void seal_onto(Bytes& out, ByteView key, std::uint64_t counter, ByteView associated,
               ByteView plaintext) {
  const std::size_t at = out.size();
  out.reserve(at + plaintext.size() + kAeadTagSize);
  out.insert(out.end(), plaintext.begin(), plaintext.end());
  out.resize(out.size() + kAeadTagSize);
  seal_in_place(std::span(out).subspan(at), key, counter, associated);
}

void seal_in_place(MutableByteView plaintext_and_room, ByteView key, std::uint64_t counter,
                   ByteView associated) {
  if (plaintext_and_room.size() < kAeadTagSize) bug("no room for the tag of what is sealed");
  const Context context = start(key, counter, associated, true);
  const MutableByteView body = plaintext_and_room.first(plaintext_and_room.size() - kAeadTagSize);
  int size = 0, rest = 0;
  if (!body.empty()) {
    must(EVP_CipherUpdate(context.get(), body.data(), &size, body.data(), int_size(body)));
  }
  must(EVP_CipherFinal_ex(context.get(), body.data() + size, &rest));
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTagSize,
                           body.data() + body.size()));
}

std::optional<Bytes> open_sealed(ByteView key, std::uint64_t counter, ByteView associated,
                                 ByteView sealed) {
  if (sealed.size() < kAeadTagSize) return std::nullopt;
  const Context context = start(key, counter, associated, false);
  const ByteView body = sealed.first(sealed.size() - kAeadTagSize);
  std::array<std::uint8_t, kAeadTagSize> tag;
  std::copy_n(sealed.end() - kAeadTagSize, kAeadTagSize, tag.begin());
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, tag.data()));
  Bytes plaintext(body.size());
  int size = 0, rest = 0;
  if (!body.empty()) {
    must(EVP_CipherUpdate(context.get(), plaintext.data(), &size, body.data(), int_size(body)));
  }
  // What is in `plaintext` is not released unless the tag says that it is genuine.
  std::uint8_t nothing[16];
  if (EVP_CipherFinal_ex(context.get(), nothing, &rest) != 1) return std::nullopt;
  return plaintext;
}

}  // namespace courier
