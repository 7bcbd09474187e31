#include "tests/support/make_golden/golden_sites.h"

#include <sodium.h>

#include "base/digest.h"

namespace courier::test {

namespace {

SeededEntropy& generator() {
  static SeededEntropy entropy;
  return entropy;
}

void fill(void* out, std::size_t size) {
  generator().fill({static_cast<std::uint8_t*>(out), size});
}

std::uint32_t any_number() {
  std::uint32_t value = 0;
  fill(&value, sizeof value);
  return value;
}

const char* generator_name() { return "seeded"; }

}  // namespace

SeededEntropy entropy_of(std::string_view name) {
  const Digest digest = digest_of(DigestKind::file, as_bytes(name));
  std::uint64_t seed = 0;
  for (std::size_t i = 0; i < sizeof seed; ++i) seed = seed << 8 | digest.bytes[i];
  return SeededEntropy(seed);
}

void seed_libsodium(std::string_view name) {
  static randombytes_implementation seeded{generator_name, any_number, nullptr,
                                           nullptr,        fill,       nullptr};
  randombytes_set_implementation(&seeded);
  generator() = entropy_of(name);
}

std::string golden_name(const std::string& code) { return "Golden " + code; }

GoldenSite::GoldenSite(const std::string& code)
    : entropy(entropy_of("site " + code)),
      keys(KeyRing::create(fs, folder.path(), SiteCode::parse(code), golden_name(code), entropy,
                           clock)) {}

}  // namespace courier::test
