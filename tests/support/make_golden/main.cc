// Writes the golden and the bad parcels, the same bytes in each run (with the same libzstd):
//
//   make_golden FOLDER              FOLDER/golden/keys, /v1 and /media, and FOLDER/bad
//   make_golden --only NAME FOLDER  one parcel or medium of them
//   make_golden --manifest          the rows of the three MANIFEST.md
//   make_golden --home CODE FOLDER  a home of site CODE with its golden keys
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>

#include "courier/home.h"
#include "tests/support/make_golden/bad_parcels.h"
#include "tests/support/make_golden/golden_media.h"
#include "tests/support/make_golden/golden_parcels.h"

namespace courier::test {

namespace {

constexpr std::uint64_t kFirstBadNumber = 900'000;
constexpr std::uint32_t kFirstPackage = 0x20, kFirstBadPackage = 0xBAD00;

struct Made {
  std::string name;
  Bytes bytes;
};

Maker maker_for(const GoldenSites& sites, Entropy& entropy, std::uint64_t number,
                std::uint32_t package) {
  return {sites.pun.keys,
          sites.zzz.keys,
          SiteIdentity::parse(sites.pse.keys.export_identity(1, 0)),
          entropy,
          from_seconds(kGoldenTime),
          number,
          PackageId::make(sites.pun.keys.code(), package)};
}

Made make_golden(const GoldenSites& sites, std::size_t index) {
  const GoldenParcel& golden = golden_parcels().at(index);
  seed_libsodium(golden.name);
  SeededEntropy entropy = entropy_of(golden.name);
  const Maker maker =
      maker_for(sites, entropy, index + 1, kFirstPackage + static_cast<std::uint32_t>(index));
  return {golden.name, golden.make(sites, maker)};
}

Made make_bad(const GoldenSites& sites, std::size_t index) {
  const BadParcel& bad = bad_parcels().at(index);
  seed_libsodium(bad.name);
  SeededEntropy entropy = entropy_of(bad.name);
  const bool reused = bad.cause == ErrorCode::replayed;  // the number of the first golden parcel
  const Maker maker = maker_for(sites, entropy, reused ? 1 : kFirstBadNumber + index,
                                kFirstBadPackage + static_cast<std::uint32_t>(index));
  return {bad.name, bad.make(maker)};
}

Made golden_named(const GoldenSites& sites, std::string_view name) {
  const auto& all = golden_parcels();
  const auto found = std::ranges::find(all, name, &GoldenParcel::name);
  return make_golden(sites, static_cast<std::size_t>(found - all.begin()));
}

Made make_medium(const GoldenSites& sites, const GoldenMedium& medium) {
  return {medium.name, medium.make({golden_named(sites, "volume-1-of-2").bytes,
                                    golden_named(sites, "volume-2-of-2").bytes,
                                    golden_named(sites, "one-package").bytes})};
}

std::string sha256(ByteView bytes) {
  std::array<std::uint8_t, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256(digest.data(), bytes.data(), bytes.size());
  return to_hex(digest);
}

void write_keys(const std::string& folder, const std::string& name, const GoldenSite& site) {
  std::filesystem::create_directories(folder);
  write_text(folder + "/" + name + ".keys", read_text(site.ring_file()));
  write_text(folder + "/" + name + ".site", as_text(site.keys.export_identity(1, 0)));
}

void write_all(const std::string& folder, const std::string& only) {
  const GoldenSites sites;
  const auto write = [&](const std::string& below, const Made& made) {
    if (!only.empty() && only != made.name) return;
    std::filesystem::create_directories(folder + below);
    const std::string ending = made.name.find('.') == std::string::npos ? ".pcl" : "";
    write_text(folder + below + made.name + ending, as_text(made.bytes));
  };
  for (std::size_t i = 0; i < golden_parcels().size(); ++i) {
    write("/golden/v1/", make_golden(sites, i));
  }
  for (std::size_t i = 0; i < bad_parcels().size(); ++i) write("/bad/", make_bad(sites, i));
  for (const GoldenMedium& medium : golden_media()) {
    if (only.empty() || only == medium.name) write("/golden/media/", make_medium(sites, medium));
  }
  if (!only.empty()) return;
  const std::string keys = folder + "/golden/keys";
  write_keys(keys, "PUN", sites.pun);
  write_keys(keys, "PUN-rotated", sites.rotated);
  write_keys(keys, "PSE", sites.pse);
  write_keys(keys, "TEX", sites.tex);
  write_keys(keys, "ZZZ", sites.zzz);
}

void print_manifests() {
  const GoldenSites sites;
  for (std::size_t i = 0; i < golden_parcels().size(); ++i) {
    const Made made = make_golden(sites, i);
    fmt::print("| `{0}.pcl` | {1} | `make_golden --only {0} tests` | `{2}` |\n", made.name,
               golden_parcels()[i].shows, sha256(made.bytes));
  }
  fmt::print("\n");
  for (std::size_t i = 0; i < bad_parcels().size(); ++i) {
    const Made made = make_bad(sites, i);
    const ErrorCodeRow& cause = row_of(bad_parcels()[i].cause);
    fmt::print("| `{0}.pcl` | {1} | {2} | {3} | `make_golden --only {0} tests` | `{4}` |\n",
               made.name, bad_parcels()[i].what, cause.name, cause.exit_status, sha256(made.bytes));
  }
  fmt::print("\n");
  for (const GoldenMedium& medium : golden_media()) {
    const Made made = make_medium(sites, medium);
    fmt::print("| `{0}` | {1} | {2} | {3} | `make_golden --only {0} tests` | `{4}` |\n", made.name,
               medium.shows, medium.cause ? row_of(*medium.cause).name : "none",
               medium.cause ? row_of(*medium.cause).exit_status : 0, sha256(made.bytes));
  }
}

void make_home(const std::string& code, const std::string& folder) {
  PosixFileSystem fs;
  const FakeClock clock(kGoldenTime);
  SeededEntropy entropy = entropy_of("site " + code);
  Home::init(fs, clock, entropy, folder, SiteCode::parse(code), golden_name(code), nullptr);
}

int run(const std::vector<std::string>& words) {
  if (words.size() == 3 && words[0] == "--home") {
    make_home(words[1], words[2]);
  } else if (words.size() == 3 && words[0] == "--only") {
    write_all(words[2], words[1]);
  } else if (words.size() == 1 && words[0] == "--manifest") {
    print_manifests();
  } else if (words.size() == 1 && !words[0].starts_with("--")) {
    write_all(words[0], "");
  } else {
    std::fprintf(stderr,
                 "usage: make_golden [--only NAME] FOLDER | --manifest | --home CODE FOLDER\n");
    return 2;
  }
  return 0;
}

}  // namespace

}  // namespace courier::test

int main(int argc, char** argv) {
  try {
    return courier::test::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make_golden: %s\n", error.what());
    return 1;
  }
}
