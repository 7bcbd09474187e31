// Fingerprint: what two people compare before they trust each other's keys. A digest over both
// public keys and the site code, shown as 8 words (88 bits: nobody finds other keys with the same
// words) or as hexadecimal digits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/vocabulary.h"
#include "signer/public_keys.h"

namespace courier {

class Fingerprint {
 public:
  Fingerprint(const SiteCode& code, const PublicKeys& keys);

  // Eight words from a list of 2048: "legal winner thank year wave sausage worth useful".
  std::string words() const;
  // 64 hexadecimal digits.
  std::string hex() const { return digest_.hex(); }
  const Digest& digest() const { return digest_; }

  // True when `text` is this fingerprint: its 8 words, or at least the first 22 of its hexadecimal
  // digits. Case and whatever stands between words or digits do not count. Errors: usage, when the
  // text is neither: names the word that is not in the list, or says how many words it found.
  bool matches(std::string_view text) const;

  auto operator<=>(const Fingerprint&) const = default;

 private:
  Digest digest_;
};

// True when text has the form of a fingerprint (and not of a site code).
bool looks_like_fingerprint(std::string_view text);

}  // namespace courier
