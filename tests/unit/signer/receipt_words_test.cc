#include "signer/receipt_words.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

#include "signer/signature.h"
#include "signer/word_list.h"
#include "tests/unit/signer/site_home.h"

namespace courier::test {
namespace {

using ::testing::HasSubstr;

template <typename Call>
ErrorCode code_of(Call&& call) {
  return error_of(call).code();
}

std::vector<std::string> split(const std::string& words) {
  std::istringstream in(words);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}
std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// Two sites as RECEIPT.md's vector has them: secrets of 1s and 2s, and this statement.
struct Vector {
  Bytes sender_secret = Bytes(32, 1), addressee_secret = Bytes(32, 2);
  ReceiptPair pair{sealing_key_of(sender_secret), sealing_key_of(addressee_secret)};
  ByteView statement = as_bytes("all of it is in");
};

TEST(ReceiptWords, AreTheSameOnBothSides) {
  const Vector v;
  const ReceiptTag here = make_receipt_tag(v.pair, v.sender_secret, v.pair.addressee, v.statement);
  EXPECT_EQ(here, make_receipt_tag(v.pair, v.addressee_secret, v.pair.sender, v.statement));
  EXPECT_EQ(parse_receipt_words(receipt_words(here)), here);
}

TEST(ReceiptWords, AreThoseOfTheVector) {
  const Vector v;
  EXPECT_EQ(receipt_words(make_receipt_tag(v.pair, v.sender_secret, v.pair.addressee, v.statement)),
            "critic recipe heavy furnace snake coil domain march");
}

TEST(ReceiptWords, ChangeWithTheStatementAndWithEitherKey) {
  const Vector v;
  const ReceiptTag tag = make_receipt_tag(v.pair, v.sender_secret, v.pair.addressee, v.statement);
  EXPECT_NE(tag, make_receipt_tag(v.pair, v.sender_secret, v.pair.addressee, as_bytes("not all")));
  const Bytes other(32, 3);
  const ReceiptPair another{v.pair.sender, sealing_key_of(other)};
  EXPECT_NE(tag, make_receipt_tag(another, v.sender_secret, another.addressee, v.statement));
  const ReceiptPair turned{v.pair.addressee, v.pair.sender};
  EXPECT_NE(tag, make_receipt_tag(turned, v.sender_secret, v.pair.addressee, v.statement));
}

TEST(ReceiptWords, OfAKeyThatGivesNoSecretAreRefused) {
  const Vector v;
  const PublicKey zero{};
  EXPECT_EQ(code_of([&] { make_receipt_tag(v.pair, v.sender_secret, zero, v.statement); }),
            ErrorCode::not_trusted);
}

TEST(ReceiptWords, WithOneWrongWordAreNeverTaken) {
  const Vector v;
  const std::string words =
      receipt_words(make_receipt_tag(v.pair, v.sender_secret, v.pair.addressee, v.statement));
  for (std::size_t at = 0; at < kReceiptWords; ++at) {
    std::vector<std::string> wrong = split(words);
    for (std::size_t step = 1; step < 2048; step += 17) {
      const auto& list = fingerprint_words();
      const auto index = static_cast<std::size_t>(
          std::ranges::lower_bound(list, std::string_view(split(words)[at])) - list.begin());
      wrong[at] = list[(index + step) % list.size()];
      EXPECT_EQ(code_of([&] { parse_receipt_words(joined(wrong)); }), ErrorCode::damaged);
    }
  }
}

TEST(ReceiptWords, WithTwoWordsInEachOthersPlaceAreNeverTaken) {
  const Vector v;
  const std::vector<std::string> words = split(
      receipt_words(make_receipt_tag(v.pair, v.sender_secret, v.pair.addressee, v.statement)));
  for (std::size_t a = 0; a < words.size(); ++a) {
    for (std::size_t b = a + 1; b < words.size(); ++b) {
      std::vector<std::string> turned = words;
      std::swap(turned[a], turned[b]);
      ASSERT_NE(turned, words);
      EXPECT_EQ(code_of([&] { parse_receipt_words(joined(turned)); }), ErrorCode::damaged);
    }
  }
}

TEST(ReceiptWords, AreTakenInAnyCaseWithAnythingBetween) {
  const Vector v;
  const ReceiptTag tag = make_receipt_tag(v.pair, v.sender_secret, v.pair.addressee, v.statement);
  std::string text = receipt_words(tag);
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return c == ' ' ? ',' : static_cast<char>(std::toupper(c));
  });
  EXPECT_EQ(parse_receipt_words("  " + text + ".\n"), tag);
}

TEST(ReceiptWords, SayWhichWordIsNoneAndHowManyThereAre) {
  const auto message = [](const std::string& text) {
    try {
      parse_receipt_words(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(message("abandon ability xylophone about above absent absorb abstract"),
              HasSubstr("word 3, 'xylophone', is not in the list"));
  EXPECT_THAT(message("abandon ability able"), HasSubstr("has 3 words where 8 are wanted"));
  EXPECT_THAT(message(""), HasSubstr("has 0 words"));
  EXPECT_EQ(message(std::string(100'000, 'a')).size() < 200, true);
}

TEST(ReceiptWords, OfAKeyRingAreMadeByAnyOfItsGenerations) {
  SiteHome pun("PUN"), pse("PSE");
  const ReceiptPair pair{pun.ring.public_keys().sealing, pse.ring.public_keys().sealing};
  const ByteView statement = as_bytes("in");
  const ReceiptTag tag = pse.ring.receipt_tag(pair, statement);
  EXPECT_EQ(pun.ring.receipt_tag(pair, statement), tag);
  pun.ring.rotate();
  pse.ring.rotate();
  EXPECT_EQ(pun.ring.receipt_tag(pair, statement), tag);
  EXPECT_EQ(pse.ring.receipt_tag(pair, statement), tag);
}

TEST(ReceiptWords, NeedTheKeysUnlocked) {
  SiteHome pun("PUN"), pse("PSE");
  const Secret passphrase = secret("open");
  pun.ring.set_passphrase(&passphrase, kCheap);
  const KeyRing locked = pun.open();
  const ReceiptPair pair{pun.ring.public_keys().sealing, pse.ring.public_keys().sealing};
  EXPECT_EQ(code_of([&] { locked.receipt_tag(pair, as_bytes("in")); }), ErrorCode::keys_locked);
  EXPECT_EQ(code_of([&] { locked.sign_receipt(as_bytes("in")); }), ErrorCode::keys_locked);
}

TEST(ReceiptSignature, IsOfItsOwnDomain) {
  SiteHome pse("PSE");
  const PublicKey& key = pse.ring.public_keys().signing;
  const Signature signature = pse.ring.sign_receipt(as_bytes("said"));
  EXPECT_TRUE(verify_receipt(key, as_bytes("said"), signature));
  EXPECT_FALSE(verify_receipt(key, as_bytes("sais"), signature));
  for (int kind = 0; kind <= static_cast<int>(DigestKind::backup); ++kind) {
    EXPECT_FALSE(verify(key, static_cast<DigestKind>(kind), as_bytes("said"), signature));
  }
}

}  // namespace
}  // namespace courier::test
