#include "signer/fingerprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/codec.h"
#include "base/error.h"
#include "signer/word_list.h"

namespace courier {

namespace {

constexpr std::size_t kWordCount = 8;
constexpr std::size_t kBitsPerWord = 11;
// As many digits as the words have bits: less would be easier to imitate.
constexpr std::size_t kMinHexDigits = kWordCount * kBitsPerWord / 4;

std::size_t word_index(const Digest& digest, std::size_t number) {
  std::size_t index = 0;
  for (std::size_t i = 0; i < kBitsPerWord; ++i) {
    const std::size_t bit = number * kBitsPerWord + i;
    index = index << 1 | ((digest.bytes[bit / 8] >> (7 - bit % 8)) & 1u);
  }
  return index;
}

bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

// Runs of letters and digits, in lower case.
std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  bool inside = false;
  for (const char c : text) {
    if (is_alnum(c)) {
      if (!inside) tokens.emplace_back();
      tokens.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    inside = is_alnum(c);
  }
  return tokens;
}

std::string joined(const std::vector<std::string>& tokens) {
  std::string all;
  for (const std::string& token : tokens) all += token;
  return all;
}

// Eight words of the letters a to f alone could be read as digits, so the words are looked at
// first.
bool is_all_words(const std::vector<std::string>& tokens) {
  return tokens.size() == kWordCount && std::ranges::all_of(tokens, [](const std::string& token) {
           return std::ranges::binary_search(fingerprint_words(), std::string_view(token));
         });
}

bool is_all_hex(const std::vector<std::string>& tokens) {
  return !tokens.empty() && std::ranges::all_of(joined(tokens), is_hex);
}

[[noreturn]] void refuse(std::string what) {
  throw Error(ErrorCode::usage, "fingerprint", std::move(what))
      .with_hint("give its 8 words or its hexadecimal digits, as 'courier site show' prints them");
}

}  // namespace

Fingerprint::Fingerprint(const SiteCode& code, const PublicKeys& keys) {
  Encoder named;
  named.raw(as_bytes("site keys")).raw(keys.signing).raw(keys.sealing).raw(as_bytes(code.str()));
  digest_ = digest_of(DigestKind::fingerprint, named.view());
}

std::string Fingerprint::words() const {
  std::string out;
  for (std::size_t i = 0; i < kWordCount; ++i) {
    if (i > 0) out += ' ';
    out += fingerprint_words()[word_index(digest_, i)];
  }
  return out;
}

bool Fingerprint::matches(std::string_view text) const {
  const std::vector<std::string> tokens = tokens_of(text);
  if (is_all_words(tokens)) {
    std::string given = tokens[0];
    for (std::size_t i = 1; i < tokens.size(); ++i) given += ' ' + tokens[i];
    return given == words();
  }
  if (is_all_hex(tokens)) {
    const std::string digits = joined(tokens);
    if (digits.size() < kMinHexDigits || digits.size() > hex().size()) {
      refuse(fmt::format("has {} hexadecimal digits where {} to {} are wanted", digits.size(),
                         kMinHexDigits, hex().size()));
    }
    return hex().starts_with(digits);
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!std::ranges::binary_search(fingerprint_words(), std::string_view(tokens[i]))) {
      refuse(fmt::format("word {}, '{}', is not in the list of words", i + 1,
                         tokens[i].substr(0, 40)));
    }
  }
  refuse(fmt::format("has {} words where {} are wanted", tokens.size(), kWordCount));
}

bool looks_like_fingerprint(std::string_view text) {
  const std::vector<std::string> tokens = tokens_of(text);
  return is_all_words(tokens) || (is_all_hex(tokens) && joined(tokens).size() >= kMinHexDigits);
}

}  // namespace courier
