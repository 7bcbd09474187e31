// A site's ledger and store in a temporary folder, with sources to publish and shares to serve.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "distribution/distribution_manager.h"
#include "distribution/dp_setup.h"
#include "distribution/validation.h"
#include "ledger/ledger.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/settings.h"
#include "ledger/site_book.h"
#include "ledger/transfer_book.h"
#include "store/store.h"
#include "tests/support/error_of.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_files.h"

namespace courier::test {

inline std::size_t entries_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder),
                                                std::filesystem::directory_iterator()));
}

class DistributionTest : public ::testing::Test {
 protected:
  DistributionTest()
      : ledger(Ledger::create(folder / "ledger.sqlite", clock)),
        store(Store::open(real, folder / "store", Store::Access::write)) {
    SiteBook{ledger}.init_self(SiteCode::parse("PSE"), "Branch", Incarnation{1, {1}});
    Settings{ledger}.set("dp.reserve", "0");
  }

  DistributionParts parts() {
    return DistributionParts{fs, clock, entropy, journal, store, ledger, SiteCode::parse("PSE")};
  }
  DistributionManager manager() { return DistributionManager{parts()}; }
  ValidationReport validate(std::optional<PackageId> package = std::nullopt,
                            std::optional<std::string> dp = std::nullopt) {
    return validate_shares(parts(), package, dp, {});
  }

  std::string share(const std::string& name) {
    const std::string path = folder / name;
    std::filesystem::create_directories(path);
    return path;
  }
  DpView add(const std::string& name) { return add_dp(parts(), name, {share(name)}, {}, false); }

  // Writes a source folder: path -> content.
  std::string source(const std::string& name, const std::map<std::string, std::string>& files) {
    const std::string path = folder / name;
    write_files(path, files);
    return path;
  }

  // The next version of a package from a folder. Returns its number.
  std::uint32_t version(const PackageId& id, const std::string& from) {
    const SnapshotResult snapshot = store.snapshot(from);
    PackageBook packages{ledger};
    VersionRow row;
    row.package = id;
    row.root = snapshot.root;
    row.files = snapshot.totals.files;
    row.bytes = snapshot.totals.bytes;
    auto known = packages.find(id);
    row.version = known ? known->source_version + 1 : 1;
    if (known) {
      packages.add_version(row, from);
    } else {
      PackageRow package;
      package.id = id;
      package.name = "Field tools";
      packages.add(package, row);
    }
    return row.version;
  }

  PackageDpRow state(const std::string& dp, const PackageId& package) {
    return PackageDpBook{ledger}.get({SiteCode::parse("PSE"), dp, package});
  }

  TempFolder folder{memory_folder()};
  PosixFileSystem real;
  FaultyFileSystem fs{real};
  FakeClock clock;
  SeededEntropy entropy;
  Journal journal;
  Ledger ledger;
  Store store;
  const PackageId tools = PackageId::parse("PSE00020");
};

}  // namespace courier::test
