#include "courier/sha256.h"

#include <openssl/evp.h>

#include "base/error.h"

namespace courier {

struct Sha256::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Impl() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
  if (impl_->context == nullptr || EVP_DigestInit_ex(impl_->context, EVP_sha256(), nullptr) != 1) {
    bug("libcrypto has no SHA-256");
  }
}

Sha256::~Sha256() = default;

void Sha256::add(ByteView bytes) {
  if (EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) != 1) {
    bug("libcrypto cannot digest");
  }
}

Bytes Sha256::finish() {
  Bytes digest(32);
  if (EVP_DigestFinal_ex(impl_->context, digest.data(), nullptr) != 1) {
    bug("libcrypto cannot digest");
  }
  return digest;
}

std::string sha256sum_line(ByteView digest, std::string_view path) {
  // "-" alone would be standard input.
  std::string name = path == "-" ? "./" : "";
  bool is_escaped = false;
  for (const char byte : path) {
    const std::string_view stands_for = byte == '\\'   ? "\\\\"
                                        : byte == '\n' ? "\\n"
                                        : byte == '\r' ? "\\r"
                                                       : "";
    if (stands_for.empty()) {
      name += byte;
    } else {
      name += stands_for;
      is_escaped = true;
    }
  }
  return (is_escaped ? "\\" : "") + to_hex(digest) + "  " + name + "\n";
}

}  // namespace courier
