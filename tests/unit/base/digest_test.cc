#include "base/digest.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/blake2b.h"
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
  for (const std::size_t size : {0, 1, 127, 128, 129, 255, 256, 257, 100'000}) {
    for (const std::size_t piece : {1, 64, 127, 128, 129, 256, 977}) {
      const ByteView message = ByteView(data).first(size);
      Hasher hasher(DigestKind::node);
      for (std::size_t at = 0; at < size; at += piece) {
        hasher.update(message.subspan(at, std::min(piece, size - at))).update({});
      }
      EXPECT_EQ(hasher.finish(), digest_of(DigestKind::node, message)) << size << ", " << piece;
    }
  }
}

// Messages of every length about the borders of a block, and of a few others, in a mixed order.
std::vector<Bytes> mixed_messages() {
  std::mt19937 random(1);
  std::vector<Bytes> messages;
  for (std::size_t size = 0; size < 300; ++size) messages.emplace_back(size);
  for (const std::size_t size : {383, 384, 385, 1024, 65'535, 65'536, 262'144}) {
    messages.emplace_back(size);
  }
  for (Bytes& message : messages) {
    for (auto& byte : message) byte = static_cast<std::uint8_t>(random());
  }
  std::ranges::shuffle(messages, random);
  return messages;
}

Digest by_libsodium(std::string_view personal, ByteView data) {
  std::array<std::uint8_t, crypto_generichash_blake2b_PERSONALBYTES> padded{};
  std::ranges::copy(personal, padded.begin());
  Digest digest;
  crypto_generichash_blake2b_salt_personal(digest.bytes.data(), digest.bytes.size(), data.data(),
                                           data.size(), nullptr, 0, nullptr, padded.data());
  return digest;
}

TEST(Digests, OfManyMessagesAreThoseOfEachByLibsodium) {
  const std::vector<Bytes> all = mixed_messages();
  constexpr std::array kKinds = {DigestKind::chunk, DigestKind::node, DigestKind::root};
  constexpr std::array kPersonal = {"courier.chunk", "courier.node", "courier.root"};
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{7},
                                  std::size_t{8}, std::size_t{9}, all.size()}) {
    std::vector<Message> messages;
    for (std::size_t i = 0; i < count; ++i) messages.push_back({kKinds.at(i % 3), all[i]});
    const std::vector<Digest> digests = digests_of(messages);
    ASSERT_EQ(digests.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(digests[i], by_libsodium(kPersonal.at(i % 3), all[i])) << all[i].size();
      EXPECT_EQ(digests[i], digest_of(messages[i].kind, all[i])) << all[i].size();
    }
  }
}

TEST(Digests, AreTheSameInEveryWidthThatTheProcessorHas) {
  const std::vector<Bytes> all = mixed_messages();
  std::array<std::uint8_t, 16> personal{};
  std::ranges::copy(std::string_view("courier.chunk"), personal.begin());
  std::vector<decltype(&detail::blake2b)> forms = {detail::blake2b, detail::blake2b_1};
#ifdef __x86_64__
  if (detail::has_avx2()) forms.push_back(detail::blake2b_avx2);
  if (detail::has_avx512()) forms.push_back(detail::blake2b_avx512);
#endif
  for (const auto form : forms) {
    std::vector<Digest> digests(all.size());
    std::vector<detail::Blake2bMessage> messages;
    for (std::size_t i = 0; i < all.size(); ++i) {
      messages.push_back({all[i].data(), all[i].size(), personal.data(), digests[i].bytes.data()});
    }
    form(messages.data(), messages.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(digests[i], by_libsodium("courier.chunk", all[i])) << all[i].size();
    }
  }
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
