// Secret: bytes that wipe themselves, cannot be copied and cannot be printed. Held in locked memory
// where the kernel allows.
#pragma once

#include <cstddef>
#include <utility>

#include "base/bytes.h"

namespace courier {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t size);  // zeroed
  static Secret copy_of(ByteView bytes);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();
  ByteView view() const { return {data_, size_}; }
  MutableByteView bytes() { return {data_, size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace courier
