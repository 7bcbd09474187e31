#include "base/entropy.h"

#include "base/sodium_ready.h"

namespace courier {

void SystemEntropy::fill(MutableByteView out) {
  detail::sodium_ready();
  randombytes_buf(out.data(), out.size());
}

}  // namespace courier
