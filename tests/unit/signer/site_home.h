// A site with keys and a trust list, for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "signer/key_ring.h"
#include "signer/trust_list.h"
#include "tests/support/error_of.h"
#include "tests/support/fake_clock.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/temp_folder.h"

namespace courier::test {

// The least Argon2id can do: tests are not to guess passphrases.
inline constexpr PassphraseCost kCheap{1, 8192};

inline Secret secret(std::string_view text) { return Secret::copy_of(as_bytes(text)); }

struct SiteHome {
  explicit SiteHome(const std::string& code, std::uint64_t seed = 0)
      : entropy(seed != 0 ? seed
                          : static_cast<std::uint64_t>(code[0]) * 65536 + code[1] * 256 + code[2]),
        ring(KeyRing::create(fs, folder.path(), SiteCode::parse(code), "Site " + code, entropy,
                             clock)) {}

  Bytes site_file() const { return ring.export_identity(1, 0); }
  SiteIdentity identity() const { return SiteIdentity::parse(site_file()); }
  TrustList trust() { return TrustList::load(fs, folder.path(), ring.code(), clock); }
  KeyRing open() { return KeyRing::open(fs, folder.path(), entropy, clock); }
  std::string key_path() const { return folder / "keys/key_ring"; }
  std::string trust_path() const { return folder / "trust/trust_list"; }

  TempFolder folder{memory_folder()};
  PosixFileSystem fs;
  FakeClock clock;
  SeededEntropy entropy;
  KeyRing ring;
};

}  // namespace courier::test
