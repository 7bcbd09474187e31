#include "parcel/aead.h"

#include <gtest/gtest.h>
#include <sodium.h>

namespace courier {

namespace {

Bytes counted(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 7 + 1);
  return out;
}

// The format is defined by RFC 8439; libsodium is the second implementation at hand.
TEST(Aead, MakesTheBytesOfRfc8439) {
  const Bytes key = counted(32), associated = counted(41);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{64}, std::size_t{65537}}) {
    const Bytes plaintext = counted(size);
    const std::uint64_t counter = 0x0102030405060708;
    const std::uint8_t nonce[12] = {0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1};
    Bytes expected(size + 16);
    crypto_aead_chacha20poly1305_ietf_encrypt(expected.data(), nullptr, plaintext.data(), size,
                                              associated.data(), associated.size(), nullptr, nonce,
                                              key.data());
    Bytes sealed{42};
    seal_onto(sealed, key, counter, associated, plaintext);
    EXPECT_EQ(Bytes(sealed.begin() + 1, sealed.end()), expected);
    EXPECT_EQ(open_sealed(key, counter, associated, expected), plaintext);
  }
}

TEST(Aead, OpensNothingUnderAnyOtherCircumstance) {
  const Bytes key = counted(32), associated = counted(41), plaintext = counted(100);
  Bytes sealed;
  seal_onto(sealed, key, 5, associated, plaintext);
  ASSERT_TRUE(open_sealed(key, 5, associated, sealed));
  EXPECT_FALSE(open_sealed(key, 6, associated, sealed));
  EXPECT_FALSE(open_sealed(key, 5, counted(40), sealed));
  EXPECT_FALSE(open_sealed(Bytes(32, 1), 5, associated, sealed));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes bad = sealed;
    bad[i] ^= 0x10;
    EXPECT_FALSE(open_sealed(key, 5, associated, bad));
    EXPECT_FALSE(open_sealed(key, 5, associated, ByteView(sealed).first(i)));
  }
}

}  // namespace

}  // namespace courier
