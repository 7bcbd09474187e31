#include "signer/signature.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace courier {
namespace {

Bytes seed(std::uint8_t fill) { return Bytes(32, fill); }

TEST(Signature, CountsForItsKeyMessageAndDomainOnly) {
  const SigningKey key(seed(1)), other(seed(2));
  const Bytes message = to_bytes(as_bytes("a label"));
  const Signature signature = key.sign(DigestKind::label_signature, message);

  EXPECT_TRUE(verify(key.public_key(), DigestKind::label_signature, message, signature));
  EXPECT_FALSE(verify(other.public_key(), DigestKind::label_signature, message, signature));
  EXPECT_FALSE(
      verify(key.public_key(), DigestKind::label_signature, as_bytes("a labe1"), signature));
  for (const DigestKind domain :
       {DigestKind::record_signature, DigestKind::end_signature, DigestKind::identity_signature,
        DigestKind::rotation_signature, DigestKind::label}) {
    EXPECT_FALSE(verify(key.public_key(), domain, message, signature));
  }
}

TEST(Signature, IsRefusedWithAnyBitChanged) {
  const SigningKey key(seed(1));
  const Signature signature = key.sign(DigestKind::end_signature, as_bytes("12 records"));
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    Signature changed = signature;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(
        verify(key.public_key(), DigestKind::end_signature, as_bytes("12 records"), changed))
        << "bit " << bit;
  }
}

TEST(Signature, OfAnotherLengthIsNone) {
  const SigningKey key(seed(1));
  const Signature signature = key.sign(DigestKind::end_signature, as_bytes("12 records"));
  const ByteView whole(signature);
  EXPECT_FALSE(verify(key.public_key(), DigestKind::end_signature, as_bytes("12 records"), {}));
  EXPECT_FALSE(
      verify(key.public_key(), DigestKind::end_signature, as_bytes("12 records"), whole.first(63)));
  Bytes longer = to_bytes(whole);
  longer.push_back(0);
  EXPECT_FALSE(verify(key.public_key(), DigestKind::end_signature, as_bytes("12 records"), longer));
}

// With the neutral point as key, one signature would fit every message.
TEST(Signature, ByAKeyOfSmallOrderIsRefused) {
  PublicKey neutral{};
  neutral[0] = 1;
  Signature signature{};
  signature[0] = 1;
  EXPECT_FALSE(verify(neutral, DigestKind::label_signature, as_bytes("anything"), signature));
}

TEST(Signature, IsTheSameForTheSameKeyAndMessage) {
  EXPECT_EQ(SigningKey(seed(1)).sign(DigestKind::label_signature, as_bytes("x")),
            SigningKey(seed(1)).sign(DigestKind::label_signature, as_bytes("x")));
  EXPECT_THROW(SigningKey(Bytes(31)), Error);
}

}  // namespace
}  // namespace courier
