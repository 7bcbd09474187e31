// The sites of the golden parcels: their keys are the same in each run, and open to everybody.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "signer/key_ring.h"
#include "tests/support/fake_clock.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/temp_folder.h"

namespace courier::test {

// When all of it is made: 15 June 2025.
inline constexpr std::int64_t kGoldenTime = 1'750'000'000;

// What is random about a thing, by its name and whatever else was made before.
SeededEntropy entropy_of(std::string_view name);

// Makes libsodium's generator, which sealed boxes are made with, that of this name from here on.
void seed_libsodium(std::string_view name);

std::string golden_name(const std::string& code);  // of a site, for people

// One site in a folder of its own.
struct GoldenSite {
  explicit GoldenSite(const std::string& code);
  std::string ring_file() const { return folder / "keys/key_ring"; }

  TempFolder folder;
  PosixFileSystem fs;
  FakeClock clock{kGoldenTime};
  SeededEntropy entropy;
  KeyRing keys;
};

struct GoldenSites {
  GoldenSites() { rotated.keys.rotate(); }

  GoldenSite pun{"PUN"};              // the origin ...
  GoldenSite rotated{"PUN"};          // ... and as it is with new keys
  GoldenSite pse{"PSE"}, tex{"TEX"};  // its branches
  GoldenSite zzz{"ZZZ"};              // known to nobody
};

}  // namespace courier::test
