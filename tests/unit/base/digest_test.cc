#include "base/digest.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "tests/support/error_of.h"

namespace courier {
namespace {

using test::error_of;

// Computed with Python: hashlib.blake2b(b"abc", digest_size=32, person=b"courier.chunk").
TEST(Digest, IsBlake2bWithThePersonalisationOfItsKind) {
  EXPECT_EQ(digest_of(DigestKind::chunk, as_bytes("abc")).hex(),
            "fc18c43d008da1995d1762c5fa5e7d711ea4811c6376ddc3bb3ca7158a8eeea9");
  EXPECT_EQ(digest_of(DigestKind::file, as_bytes("abc")).hex(),
            "908eaea6b02d045c83e5556327184e5c5eab26ce63b82c9f3d32c8758cebea36");
  EXPECT_EQ(to_hex(signing_input(DigestKind::label_signature, as_bytes("abc"))),
            "9b98f2d97ffaeca9d7a0be2bc8e2a7a8e1d59d6f35f43cee31f48d2c78b65203855e7a6f913d726d21f7c9"
            "a774ef6485800578bb17a0537a01066fa4932bfe1c");
}

TEST(Digest, DiffersForEveryKind) {
  std::set<Digest> seen;
  for (int kind = 0; kind <= static_cast<int>(DigestKind::file); ++kind) {
    EXPECT_TRUE(seen.insert(digest_of(static_cast<DigestKind>(kind), as_bytes("same"))).second);
  }
}

TEST(Hasher, GivesTheSameInPiecesAsInOne) {
  const Bytes data(100'000, 7);
  Hasher hasher(DigestKind::node);
  for (std::size_t at = 0; at < data.size();) {
    const std::size_t n = std::min<std::size_t>(data.size() - at, at % 977 + 1);
    hasher.update(ByteView(data).subspan(at, n));
    at += n;
  }
  EXPECT_EQ(hasher.finish(), digest_of(DigestKind::node, data));
}

TEST(Digest, GoesToHexAndBack) {
  const Digest digest = digest_of(DigestKind::root, as_bytes("x"));
  EXPECT_EQ(Digest::from_hex(digest.hex()), digest);
  EXPECT_EQ(digest.brief(), digest.hex().substr(0, 12));
  EXPECT_FALSE(digest.is_zero());
  EXPECT_TRUE(Digest{}.is_zero());
  EXPECT_EQ(error_of([] { Digest::from_hex("abcd"); }).code(), ErrorCode::usage);
  EXPECT_EQ(error_of([] { Digest::from_hex(std::string(64, 'z')); }).code(), ErrorCode::usage);
}

}  // namespace
}  // namespace courier
