// A medium and the ways to put it into a state: what the contract of media is tested through.
#pragma once

#include <cstdint>
#include <string>

#include "media/medium.h"

namespace courier::test {

class MediumBench {
 public:
  virtual ~MediumBench() = default;
  virtual Medium& medium() = 0;
  virtual void put(const std::string& name, const Bytes& content) = 0;
  virtual std::size_t files() = 0;  // or images
  virtual void set_full() = 0;      // 1000 bytes are free
  virtual void set_read_only() = 0;
  // Of the file that put() made first.
  virtual void fail_reads_from(std::uint64_t byte) = 0;
  virtual void spoil_next_write() = 0;
};

}  // namespace courier::test
