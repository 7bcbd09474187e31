#include "signer/receipt_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/codec.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/sodium_ready.h"
#include "signer/word_list.h"

namespace courier {
namespace {

constexpr std::size_t kBitsPerWord = 11;
constexpr std::uint16_t kWordMask = (1u << kBitsPerWord) - 1;
// x^11 + x^2 + 1, which is primitive: the powers of x are all different.
constexpr std::uint16_t kReduction = 0b101;

using Personal = std::array<unsigned char, crypto_generichash_blake2b_PERSONALBYTES>;
constexpr Personal kKeyPersonal = {'c', 'o', 'u', 'r', 'i', 'e', 'r', '.',
                                   'r', 'c', 'p', 't', 'k', 'e', 'y'};
constexpr Personal kTagPersonal = {'c', 'o', 'u', 'r', 'i', 'e', 'r', '.',
                                   'r', 'c', 'p', 't', 'm', 'a', 'c'};

void hash(Personal personal, ByteView key, ByteView message, MutableByteView out) {
  crypto_generichash_blake2b_salt_personal(out.data(), out.size(), message.data(), message.size(),
                                           key.empty() ? nullptr : key.data(), key.size(), nullptr,
                                           personal.data());
}

std::uint16_t times_x(std::uint16_t value) {
  const bool carries = (value >> (kBitsPerWord - 1)) != 0;
  return static_cast<std::uint16_t>(((value << 1) & kWordMask) ^ (carries ? kReduction : 0));
}

// The sum of x^i * w(i), i from 1, by Horner's rule from the last.
std::uint16_t check_of(const ReceiptTag& tag) {
  std::uint16_t sum = 0;
  for (std::size_t i = tag.size(); i-- > 0;) {
    sum = times_x(static_cast<std::uint16_t>(sum ^ tag[i]));
  }
  return sum;
}

std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  bool inside = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool belongs = std::isalnum(byte) != 0;
    if (belongs) {
      if (!inside) tokens.emplace_back();
      tokens.back() += static_cast<char>(std::tolower(byte));
    }
    inside = belongs;
  }
  return tokens;
}

[[noreturn]] void refuse(std::string what) {
  throw Error(ErrorCode::usage, "receipt", std::move(what))
      .with_loss("nothing was changed")
      .with_hint("ask for the eight words again, and have them spelt out");
}

}  // namespace

ReceiptTag make_receipt_tag(const ReceiptPair& pair, ByteView own, const PublicKey& other,
                            ByteView statement) {
  detail::sodium_ready();
  Secret material(3 * 32);
  if (crypto_scalarmult(material.bytes().data(), own.data(), other.data()) != 0) {
    throw Error(ErrorCode::not_trusted, "sealing key", "gives no secret in common");
  }
  std::ranges::copy(pair.sender, material.bytes().begin() + 32);
  std::ranges::copy(pair.addressee, material.bytes().begin() + 64);
  Secret key(32), digest(32);
  hash(kKeyPersonal, {}, material.view(), key.bytes());
  hash(kTagPersonal, key.view(), statement, digest.bytes());
  ReceiptTag tag{};
  for (std::size_t bit = 0; bit < tag.size() * kBitsPerWord; ++bit) {
    const unsigned value = (digest.view()[bit / 8] >> (7 - bit % 8)) & 1u;
    std::uint16_t& word = tag[bit / kBitsPerWord];
    word = static_cast<std::uint16_t>(word << 1 | value);
  }
  return tag;
}

std::string receipt_words(const ReceiptTag& tag) {
  std::string out;
  for (const std::uint16_t number : tag) {
    out += fingerprint_words().at(number);
    out += ' ';
  }
  return out.append(fingerprint_words().at(check_of(tag)));
}

ReceiptTag parse_receipt_words(std::string_view text) {
  const std::vector<std::string> tokens = tokens_of(text);
  const auto& list = fingerprint_words();
  std::vector<std::uint16_t> numbers;
  for (std::size_t i = 0; i < tokens.size() && i < 2 * kReceiptWords; ++i) {
    const auto found = std::ranges::lower_bound(list, std::string_view(tokens[i]));
    if (found == list.end() || *found != tokens[i]) {
      refuse(fmt::format("word {}, '{}', is not in the list of words", i + 1,
                         tokens[i].substr(0, 40)));
    }
    numbers.push_back(static_cast<std::uint16_t>(found - list.begin()));
  }
  if (tokens.size() != kReceiptWords) {
    refuse(fmt::format("has {} words where {} are wanted", tokens.size(), kReceiptWords));
  }
  ReceiptTag tag;
  std::copy_n(numbers.begin(), tag.size(), tag.begin());
  if (numbers.back() != check_of(tag)) {
    throw Error(ErrorCode::damaged, "receipt",
                "the check of its eight words fails: one was misheard, or two changed places")
        .with_loss("nothing was changed")
        .with_hint("ask for the eight words again, and have them spelt out");
  }
  return tag;
}

}  // namespace courier
