#include "signer/sealed_box.h"

#include "base/sodium_ready.h"

namespace courier {

static_assert(kSealedBoxOverhead == crypto_box_SEALBYTES);

Bytes seal_to(const PublicKey& sealing, ByteView content) {
  detail::sodium_ready();
  Bytes box(content.size() + kSealedBoxOverhead);
  if (crypto_box_seal(box.data(), content.data(), content.size(), sealing.data()) != 0) {
    bug("a key that nothing can be sealed to was accepted");
  }
  return box;
}

}  // namespace courier
