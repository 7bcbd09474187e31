// BLAKE2b-256 of many messages at once: one message in each lane of a vector register, as many as
// the processor's registers have (8 with AVX-512, 4 with AVX2, else one). Several times as fast as
// one message after the other; docs/decisions/digests.md has the figures. For digest.cc alone,
// which says what is hashed; tests hold it against libsodium. Source: RFC 7693.
#pragma once

#include <cstddef>
#include <cstdint>

namespace courier::detail {

// Plain, because the lanes are compiled for other processors than the rest of the program: no code
// that both could instantiate may be in there.
struct Blake2bMessage {
  const std::uint8_t* data = nullptr;
  std::uint64_t size = 0;
  const std::uint8_t* personal = nullptr;  // 16 bytes
  std::uint8_t* digest = nullptr;          // 32 bytes
};

// The widest that this processor has. Best when the messages are in descending order of size, so
// that the lanes end together. Thread-safe.
void blake2b(const Blake2bMessage* messages, std::size_t count);

// One message in pieces.
struct Blake2bStream {
  std::uint64_t h[8];
  std::uint64_t counted;
  std::uint8_t held[128];  // not yet taken: the last block is told apart only at the end
  std::size_t held_size;

  explicit Blake2bStream(const std::uint8_t* personal);
  void update(const std::uint8_t* data, std::size_t size);
  void finish(std::uint8_t* digest);  // once
};

// Each form by itself. Precondition: the processor has it.
void blake2b_1(const Blake2bMessage* messages, std::size_t count);
#ifdef __x86_64__
void blake2b_avx2(const Blake2bMessage* messages, std::size_t count);
void blake2b_avx512(const Blake2bMessage* messages, std::size_t count);
bool has_avx2();
bool has_avx512();
#endif

}  // namespace courier::detail
