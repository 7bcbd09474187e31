// Aligned buffer: memory as O_DIRECT wants it, with nothing in it yet.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "base/bytes.h"

namespace courier {

inline constexpr std::size_t kAlignment = 4096;  // what O_DIRECT wants of every device we know

class AlignedBuffer {
 public:
  explicit AlignedBuffer(std::size_t size)
      : data_(static_cast<std::uint8_t*>(
            std::aligned_alloc(kAlignment, (size + kAlignment - 1) / kAlignment * kAlignment))),
        size_(size) {
    if (!data_) throw std::bad_alloc();
  }
  MutableByteView bytes() { return {data_.get(), size_}; }
  ByteView bytes() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::uint8_t* p) const { std::free(p); }
  };
  std::unique_ptr<std::uint8_t, Free> data_;
  std::size_t size_;
};

}  // namespace courier
