#include "signer/public_keys.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "signer/key_file.h"

namespace courier {
namespace {

PublicKeys good_keys() {
  PublicKeys keys;
  keys.signing.fill(9);
  keys.sealing = sealing_key_of(Bytes(32, 5));
  return keys;
}

TEST(PublicKeys, AreReadAsWritten) {
  Encoder out;
  encode(out, good_keys());
  EXPECT_EQ(out.size(), 64u);
  Decoder in(out.view(), "keys");
  EXPECT_EQ(decode_public_keys(in), good_keys());
  EXPECT_TRUE(in.at_end());
}

TEST(PublicKeys, WithASealingKeyOfSmallOrderAreRefused) {
  PublicKeys keys = good_keys();
  for (const std::uint8_t first : {std::uint8_t{0}, std::uint8_t{1}}) {
    keys.sealing.fill(0);
    keys.sealing[0] = first;
    Encoder out;
    encode(out, keys);
    Decoder in(out.view(), "keys");
    EXPECT_THROW(decode_public_keys(in), Error) << int{first};
  }
}

TEST(PublicKeys, WithASealingKeyInAnotherFormAreRefused) {
  PublicKeys keys = good_keys();
  keys.sealing[31] |= 0x80;  // X25519 does not look at this bit
  Encoder high_bit;
  encode(high_bit, keys);
  Decoder in(high_bit.view(), "keys");
  EXPECT_THROW(decode_public_keys(in), Error);

  keys.sealing.fill(0xff);  // 2^255 - 19 + 9: another form of 9
  keys.sealing[31] = 0x7f;
  keys.sealing[0] = 0xed + 9;
  Encoder beyond;
  encode(beyond, keys);
  Decoder again(beyond.view(), "keys");
  EXPECT_THROW(decode_public_keys(again), Error);
}

TEST(SealingKeyDigest, NamesOneKey) {
  PublicKey other = good_keys().sealing;
  other[31] ^= 1;
  EXPECT_EQ(sealing_key_digest(good_keys().sealing), sealing_key_digest(good_keys().sealing));
  EXPECT_NE(sealing_key_digest(good_keys().sealing), sealing_key_digest(other));
}

}  // namespace
}  // namespace courier
