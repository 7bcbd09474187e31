// Writes parcels that are wrong in one way each, signed by a real home's keys:
//
//   make_bad_parcels --home DIR --to-site FILE.site --out DIR [--number N] [--only NAME]
//   make_bad_parcels --list
//
// Each parcel gets the next number, which is its job's too, and a package of its own; but
// same-number-other-content has good's. OUT/index.json says which: {"good": {"file", "id",
// "package", "what"}, ...}.
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/durable.h"
#include "base/error.h"
#include "tests/support/make_bad_parcels/bad_parcels.h"
#include "tests/support/temp_folder.h"

namespace courier::test {

namespace {

constexpr std::uint32_t kFirstPackage = 0xBAD00;

int make_all(std::map<std::string, std::string>& options) {
  PosixFileSystem fs;
  SystemClock clock;
  SystemEntropy entropy;
  TempFolder folder;
  const KeyRing from = KeyRing::open(fs, options.at("--home"), entropy, clock);
  const KeyRing other =
      KeyRing::create(fs, folder.path(), SiteCode::parse("ZZZ"), "Nobody knows", entropy, clock);
  const SiteIdentity to =
      SiteIdentity::parse(read_file(fs, options.at("--to-site"), kMaxIdentitySize));
  const std::string out = options.at("--out");
  std::filesystem::create_directories(out);

  const std::uint64_t first = std::stoull(options.emplace("--number", "900000").first->second);
  const std::string only = options["--only"];
  nlohmann::json index;
  std::uint32_t n = 0;
  for (const auto& bad : bad_parcels()) {
    const bool as_before = bad.name == "same-number-other-content";
    if (!as_before) ++n;
    const std::uint64_t number = first + n - 1;
    if (!only.empty() && only != bad.name) continue;
    const Maker maker{from,
                      other,
                      to,
                      entropy,
                      clock.now(),
                      number,
                      PackageId::make(from.code(), kFirstPackage + n - 1)};
    const std::string file = bad.name + ".pcl";
    write_text(out + "/" + file, as_text(bad.make(maker)));
    index[bad.name] = {{"file", file},
                       {"id", ParcelId{from.code(), to.code, number}.str()},
                       {"package", maker.package.str()},
                       {"what", bad.what}};
  }
  write_text(out + "/index.json", index.dump(2) + "\n");
  return index.empty() ? 1 : 0;
}

int run(int argc, char** argv) {
  std::map<std::string, std::string> options;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--list") {
      for (const auto& bad : bad_parcels()) {
        std::printf("%-28s %s\n", bad.name.c_str(), bad.what.c_str());
      }
      return 0;
    }
    if (i + 1 < argc) {
      options[argv[i]] = argv[i + 1];
      ++i;
    }
  }
  for (const char* needed : {"--home", "--to-site", "--out"}) {
    if (!options.contains(needed)) {
      std::fprintf(stderr, "make_bad_parcels: %s is missing\n", needed);
      return 2;
    }
  }
  return make_all(options);
}

}  // namespace

}  // namespace courier::test

int main(int argc, char** argv) {
  try {
    return courier::test::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make_bad_parcels: %s\n", error.what());
    return 1;
  }
}
