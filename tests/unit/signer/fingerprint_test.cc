#include "signer/fingerprint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "signer/word_list.h"
#include "tests/unit/signer/site_home.h"

namespace courier::test {
namespace {

PublicKeys some_keys(std::uint8_t fill) {
  PublicKeys keys;
  keys.signing.fill(fill);
  keys.sealing.fill(static_cast<std::uint8_t>(fill + 1));
  return keys;
}

const SiteCode kPun = SiteCode::parse("PUN");

TEST(WordList, HasEachWordOnceInOrderToldApartByFourLetters) {
  const auto& words = fingerprint_words();
  EXPECT_TRUE(std::ranges::is_sorted(words));
  std::set<std::string_view> beginnings;
  for (const std::string_view word : words) beginnings.insert(word.substr(0, 4));
  EXPECT_EQ(beginnings.size(), 2048u);
}

// Frozen: people wrote such words down. Source: computed with Python's hashlib.
TEST(Fingerprint, IsShownInTheSameWordsInEachVersion) {
  const Fingerprint fingerprint(kPun, some_keys(7));
  EXPECT_EQ(fingerprint.words(), "flush picture antenna away present scissors idle mix");
  EXPECT_EQ(fingerprint.hex(), "59d48827083aa1821c2c700dd4d239afb88220678046078b59ead683723afd81");
}

TEST(Fingerprint, DependsOnCodeAndBothKeys) {
  const Fingerprint mine(kPun, some_keys(7));
  PublicKeys other_signing = some_keys(7), other_sealing = some_keys(7);
  other_signing.signing[31] ^= 1;
  other_sealing.sealing[0] ^= 1;
  EXPECT_NE(mine, Fingerprint(SiteCode::parse("PSE"), some_keys(7)));
  EXPECT_NE(mine, Fingerprint(kPun, other_signing));
  EXPECT_NE(mine, Fingerprint(kPun, other_sealing));
}

TEST(Fingerprint, MatchesItsWordsInAnyCaseAndSpacing) {
  const Fingerprint fingerprint(kPun, some_keys(7));
  std::string shouted = "\n  " + fingerprint.words();
  for (char& c : shouted) c = c == ' ' ? '-' : static_cast<char>(std::toupper(c));
  EXPECT_TRUE(fingerprint.matches(fingerprint.words()));
  EXPECT_TRUE(fingerprint.matches(shouted + ".\n"));
}

TEST(Fingerprint, MatchesItsDigitsFromTheTwentySecondOn) {
  const Fingerprint fingerprint(kPun, some_keys(7));
  std::string grouped;
  for (std::size_t i = 0; i < 64; ++i) {
    if (i > 0 && i % 4 == 0) grouped += ':';
    grouped += static_cast<char>(std::toupper(fingerprint.hex()[i]));
  }
  EXPECT_TRUE(fingerprint.matches(fingerprint.hex()));
  EXPECT_TRUE(fingerprint.matches(grouped));
  EXPECT_TRUE(fingerprint.matches(fingerprint.hex().substr(0, 22)));
  EXPECT_EQ(error_of([&] { fingerprint.matches(fingerprint.hex().substr(0, 21)); }).happened(),
            "has 21 hexadecimal digits where 22 to 64 are wanted");
  EXPECT_EQ(error_of([&] { fingerprint.matches(fingerprint.hex() + "00"); }).code(),
            ErrorCode::usage);
}

TEST(Fingerprint, DoesNotMatchAnotherOnesWordsOrDigits) {
  const Fingerprint mine(kPun, some_keys(7)), other(kPun, some_keys(8));
  EXPECT_FALSE(mine.matches(other.words()));
  EXPECT_FALSE(mine.matches(other.hex()));
  std::string last_digit = mine.hex();
  last_digit[63] = last_digit[63] == '0' ? '1' : '0';
  EXPECT_FALSE(mine.matches(last_digit));
}

TEST(Fingerprint, NamesTheWordThatIsInNoList) {
  const Fingerprint mine(kPun, some_keys(7));
  std::string words = mine.words();
  words.replace(0, words.find(' '), "xylofone");
  EXPECT_EQ(std::string(error_of([&] { mine.matches(words); }).what()),
            "fingerprint: word 1, 'xylofone', is not in the list of words");
  EXPECT_EQ(std::string(error_of([&] { mine.matches("abandon ability"); }).what()),
            "fingerprint: has 2 words where 8 are wanted");
  EXPECT_EQ(std::string(error_of([&] { mine.matches(""); }).what()),
            "fingerprint: has 0 words where 8 are wanted");
}

TEST(Fingerprint, IsToldFromASiteCode) {
  EXPECT_FALSE(looks_like_fingerprint("PUN"));
  EXPECT_FALSE(looks_like_fingerprint("ABC"));
  EXPECT_FALSE(looks_like_fingerprint(""));
  EXPECT_TRUE(looks_like_fingerprint(Fingerprint(kPun, some_keys(7)).words()));
  EXPECT_TRUE(looks_like_fingerprint(Fingerprint(kPun, some_keys(7)).hex()));
}

}  // namespace
}  // namespace courier::test
