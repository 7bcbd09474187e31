#include "base/secret.h"

#include <cstring>
#include <new>

#include "base/sodium_ready.h"

namespace courier {

// sodium_malloc gives guarded, locked pages and sodium_free wipes them; where the kernel refuses to
// lock (a small RLIMIT_MEMLOCK) the memory is still guarded and wiped.
Secret::Secret(std::size_t size) : size_(size) {
  if (size == 0) return;
  detail::sodium_ready();
  data_ = static_cast<std::uint8_t*>(sodium_malloc(size));
  if (data_ == nullptr) throw std::bad_alloc();
  std::memset(data_, 0, size);
}

Secret Secret::copy_of(ByteView bytes) {
  Secret secret(bytes.size());
  if (!bytes.empty()) std::memcpy(secret.data_, bytes.data(), bytes.size());
  return secret;
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() { sodium_free(data_); }

}  // namespace courier
