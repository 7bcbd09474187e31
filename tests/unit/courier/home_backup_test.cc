#include "courier/home_backup.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "ledger/package_book.h"
#include "ledger/parcel_book.h"
#include "ledger/settings.h"
#include "ledger/site_book.h"
#include "tests/support/error_of.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/temp_folder.h"

namespace courier::test {
namespace {

const SiteCode kPun = SiteCode::parse("PUN"), kPse = SiteCode::parse("PSE");
const PackageId kOwn = PackageId::parse("PUN00001"), kNote = PackageId::parse("PUN00002"),
                kForeign = PackageId::parse("TEX00001");

// Site PUN with a child, three packages and a setting, and a backup of it.
struct BackedUp {
  BackedUp() {
    Home::init(fs, clock, entropy, home_path, kPun, "Pune", nullptr);
    Home home(fs, clock, entropy, home_path);
    home.lock("test");
    join_child(home);
    add_packages(home);
    Settings(home.ledger()).set("parcel.grace", "14");
    incarnation = home.keys().incarnation();
    keys = home.keys().public_keys();
    made = back_up_home(home, file, "1.2.3");
  }

  void join_child(Home& home) {
    Home::init(fs, clock, entropy, folder / "child", kPse, "Branch", nullptr);
    Home child(fs, clock, entropy, folder / "child");
    home.trust().join(child.keys().identity(1, 0), SiteRole::child, JoinDecision::by_trust());
    SiteRow row;
    row.code = kPse;
    row.name = "Branch";
    row.role = SiteRole::child;
    row.incarnation = child.keys().incarnation();
    row.joined = clock.now();
    SiteBook(home.ledger()).join(row);
  }

  void add_packages(Home& home) {
    PackageBook packages(home.ledger());
    PackageRow own;
    own.id = kOwn;
    own.name = "Field tools";
    own.source_path = "/srv/tools";
    own.source_version = own.stored_version = 1;
    own.created = clock.now();
    VersionRow version;
    version.package = kOwn;
    version.version = 1;
    version.root.bytes.fill(7);
    version.stored = true;
    version.created = clock.now();
    packages.add(own, version);
    PackageRow note = own;
    note.id = kNote;
    note.name = "Note";
    note.source_path.clear();
    note.no_source = true;
    VersionRow empty = version;
    empty.package = kNote;
    empty.root = {};
    packages.add(note, empty);
    PackageRow foreign = own;
    foreign.id = kForeign;
    foreign.name = "From Texas";
    VersionRow theirs = version;
    theirs.package = kForeign;
    packages.announce(foreign, theirs);
    packages.mark_stored(kForeign, 1, true);
  }

  RestoreResult restore(FileSystem& through, const std::string& to) {
    return restore_home(through, clock, entropy, to, file);
  }
  RestoreResult restore(const std::string& to) { return restore(fs, to); }
  // Opening checks keys, trust list and ledger.
  void expect_whole(const std::string& path) {
    Home home(fs, clock, entropy, path);
    EXPECT_EQ(home.keys().public_keys(), keys);
    EXPECT_NE(home.trust().find(kPse), nullptr);
    EXPECT_EQ(SiteBook(home.ledger()).self().incarnation, home.keys().incarnation());
    EXPECT_EQ(home.keys().incarnation().ordinal, incarnation.ordinal + 1);
    EXPECT_EQ(Settings(home.ledger()).get("parcel.grace"), "14");
    EXPECT_FALSE(std::filesystem::exists(path + "/restore.unfinished"));
  }

  TempFolder folder{memory_folder()};
  PosixFileSystem fs;
  FakeClock clock;
  SeededEntropy entropy;
  std::string home_path = folder / "home", file = folder / "PUN.backup";
  Incarnation incarnation;
  PublicKeys keys;
  BackupResult made;
};

TEST(HomeBackup, IsOneFileForTheOwnerAloneThatSaysWhatItIs) {
  BackedUp b;
  struct stat info {};
  ASSERT_EQ(::stat(b.file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(static_cast<std::uint64_t>(info.st_size), b.made.file_bytes);
  EXPECT_FALSE(b.made.has_passphrase);
  BackupReader reader(b.fs, b.file);
  reader.check();
  EXPECT_EQ(reader.head().code, kPun);
  EXPECT_EQ(reader.head().name, "Pune");
  EXPECT_EQ(reader.head().incarnation, b.incarnation);
  EXPECT_EQ(reader.head().created, b.clock.now());
  EXPECT_EQ(reader.head().program, "1.2.3");
}

TEST(HomeBackup, LeavesNothingBehindInTheHome) {
  BackedUp b;
  for (const auto& entry : std::filesystem::directory_iterator(b.home_path)) {
    EXPECT_FALSE(is_temporary_name(entry.path().filename().string())) << entry.path();
  }
}

TEST(HomeBackup, NeverOverwritesAFile) {
  BackedUp b;
  const std::string before = read_text(b.file);
  Home home(b.fs, b.clock, b.entropy, b.home_path);
  const Error e = error_of([&] { back_up_home(home, b.file, "1.2.3"); });
  EXPECT_EQ(e.code(), ErrorCode::not_allowed);
  EXPECT_EQ(std::string(e.what()), "backup " + b.file + ": exists already");
  EXPECT_EQ(read_text(b.file), before);
}

TEST(HomeBackup, IsAbsentOrWholeWhereverTheMediumFails) {
  BackedUp b;
  const std::string target = b.folder / "second.backup";
  for (std::uint64_t n = 1;; ++n) {
    FaultyFileSystem faulty(b.fs);
    Home home(faulty, b.clock, b.entropy, b.home_path);
    faulty.fail_at(n, EIO);
    try {
      back_up_home(home, target, "1.2.3");
      if (n > faulty.calls()) break;  // it was not reached
      std::filesystem::remove(target);
    } catch (const Error&) {
    }
    if (std::filesystem::exists(target)) {
      BackupReader(b.fs, target).check();
      std::filesystem::remove(target);
    }
  }
  BackupReader(b.fs, target).check();
}

TEST(HomeBackup, ThatReadsBackDifferentlyIsADeviceFailure) {
  BackedUp b;
  const std::string target = b.folder / "second.backup";
  FaultyFileSystem faulty(b.fs);
  Home home(faulty, b.clock, b.entropy, b.home_path);
  faulty.flip_on_read("second.backup", 5000);
  const Error e = error_of([&] { back_up_home(home, target, "1.2.3"); });
  EXPECT_EQ(e.code(), ErrorCode::device);
  EXPECT_EQ(e.exit_status(), 11);
  EXPECT_FALSE(std::filesystem::exists(target));
}

TEST(HomeRestore, MakesTheSameSiteInANewIncarnation) {
  BackedUp b;
  const std::string to = b.folder / "restored";
  const RestoreResult result = b.restore(to);
  EXPECT_EQ(result.head.code, kPun);
  EXPECT_EQ(result.incarnation.ordinal, b.incarnation.ordinal + 1);
  EXPECT_NE(result.incarnation.random, b.incarnation.random);
  EXPECT_EQ(result.to_add, std::vector<PackageId>{kOwn});
  EXPECT_EQ(result.to_receive, std::vector<PackageId>{kForeign});
  b.expect_whole(to);
  Home home(b.fs, b.clock, b.entropy, to);
  EXPECT_EQ(home.keys().incarnation(), result.incarnation);
}

// The store is not in a backup: nothing may be said to be stored that is not.
TEST(HomeRestore, KnowsVersionsButCallsNoneStoredThatHasFiles) {
  BackedUp b;
  b.restore(b.folder / "restored");
  Home home(b.fs, b.clock, b.entropy, b.folder / "restored");
  PackageBook packages(home.ledger());
  EXPECT_EQ(packages.get(kOwn).source_version, 1u);
  EXPECT_EQ(packages.get(kOwn).stored_version, 0u);
  EXPECT_EQ(packages.get(kOwn).source_path, "/srv/tools");
  EXPECT_FALSE(packages.get_version(kOwn, 1).stored);
  EXPECT_FALSE(packages.get_version(kForeign, 1).stored);
  EXPECT_TRUE(packages.get_version(kNote, 1).stored) << "it has no files to be without";
}

// Parcels may have been made after the backup: their numbers are never used again.
TEST(HomeRestore, GoesOnBeyondAnyParcelNumberInUse) {
  BackedUp b;
  std::uint64_t last = 0;
  {
    Home home(b.fs, b.clock, b.entropy, b.home_path);
    for (int i = 0; i < 3; ++i) last = ParcelBook(home.ledger()).reserve({kPse}).at(0).number;
  }
  b.restore(b.folder / "restored");
  Home home(b.fs, b.clock, b.entropy, b.folder / "restored");
  EXPECT_GT(ParcelBook(home.ledger()).reserve({kPse}).at(0).number, last);
}

TEST(HomeRestore, TwiceGivesTwoIncarnationsThatDiffer) {
  BackedUp b;
  const RestoreResult first = b.restore(b.folder / "one"), second = b.restore(b.folder / "two");
  EXPECT_EQ(first.incarnation.ordinal, second.incarnation.ordinal);
  EXPECT_NE(first.incarnation, second.incarnation);
}

TEST(HomeRestore, TakesAnEmptyHomeOnly) {
  BackedUp b;
  const Error site = error_of([&] { b.restore(b.home_path); });
  EXPECT_EQ(site.code(), ErrorCode::not_allowed);
  EXPECT_EQ(site.exit_status(), 9);
  EXPECT_EQ(std::string(site.what()), "home " + b.home_path + ": is a site already");

  const std::string other = b.folder / "other";
  std::filesystem::create_directory(other);
  write_text(other + "/ledger.sqlite", "precious");
  const Error full = error_of([&] { b.restore(other); });
  EXPECT_EQ(full.code(), ErrorCode::not_allowed);
  EXPECT_EQ(std::string(full.what()), "home " + other + ": is not empty: it holds 'ledger.sqlite'");
  EXPECT_EQ(read_text(other + "/ledger.sqlite"), "precious");
}

TEST(HomeRestore, OfADamagedBackupNamesThePartAndWritesNothing) {
  BackedUp b;
  const std::string whole = read_text(b.file);
  const BackupHead head = BackupReader(b.fs, b.file).head();
  const std::size_t first = whole.size() - head.size_of_parts();
  const std::string to = b.folder / "restored";
  const auto flipped = [&](std::size_t at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    write_text(b.file, changed);
    const Error e = error_of([&] { b.restore(to); });
    EXPECT_EQ(e.code(), ErrorCode::damaged) << "byte " << at;
    EXPECT_FALSE(std::filesystem::exists(to)) << "byte " << at;
    return e.happened();
  };
  EXPECT_EQ(flipped(0), "is no backup");
  EXPECT_EQ(flipped(20), "has changed bytes: its checksum is wrong");
  EXPECT_EQ(flipped(first), "bytes of its keys have changed");
  EXPECT_EQ(flipped(first + head.part(BackupPart::keys).size),
            "bytes of its trust list have changed");
  EXPECT_EQ(flipped(whole.size() - 1), "bytes of its ledger have changed");
  for (std::size_t at = 1; at < first; ++at) flipped(at);
}

TEST(HomeRestore, OfACutBackupNamesThePartAndWritesNothing) {
  BackedUp b;
  const std::string whole = read_text(b.file);
  const BackupHead head = BackupReader(b.fs, b.file).head();
  const std::size_t first = whole.size() - head.size_of_parts();
  const std::size_t keys = head.part(BackupPart::keys).size;
  const std::string to = b.folder / "restored";
  const auto cut = [&](std::size_t size) {
    write_text(b.file, whole.substr(0, size));
    const Error e = error_of([&] { b.restore(to); });
    EXPECT_EQ(e.code(), ErrorCode::damaged) << size << " bytes";
    EXPECT_FALSE(std::filesystem::exists(to)) << size << " bytes";
    return e.happened();
  };
  EXPECT_EQ(cut(0), "is no backup");
  EXPECT_EQ(cut(first), "ends in the keys, after 0 of its " + std::to_string(keys) + " bytes");
  EXPECT_EQ(cut(first + keys + 1).substr(0, 35), "ends in the trust list, after 1 of ");
  EXPECT_EQ(cut(whole.size() - 1).substr(0, 25), "ends in the ledger, after");
  for (std::size_t size = 1; size < first; ++size) cut(size);
  write_text(b.file, whole + "x");
  EXPECT_EQ(error_of([&] { b.restore(to); }).happened(),
            "has bytes after its last part, the ledger");
}

TEST(HomeRestore, OfANewerCouriersBackupIsUnsupported) {
  BackedUp b;
  std::string newer = read_text(b.file);
  const std::size_t first = newer.size() - BackupReader(b.fs, b.file).head().size_of_parts();
  newer[8] = 2;
  const Digest digest = digest_of(DigestKind::site_file, as_bytes(newer).first(first - 32));
  newer.replace(first - 32, 32, as_text(digest.view()));
  write_text(b.file, newer);
  const Error e = error_of([&] { b.restore(b.folder / "restored"); });
  EXPECT_EQ(e.code(), ErrorCode::unsupported);
  EXPECT_EQ(e.happened(), "has version 2; this courier reads up to version 1");
}

TEST(HomeRestore, OfWhatIsNotThereIsSaidSo) {
  BackedUp b;
  EXPECT_EQ(error_of([&] {
              restore_home(b.fs, b.clock, b.entropy, b.folder / "x", b.folder / "none");
            }).code(),
            ErrorCode::not_found);
}

TEST(HomeRestore, WithoutRoomSaysHowMuchIsNeeded) {
  BackedUp b;
  FaultyFileSystem full(b.fs);
  full.pretend_space({1000, 1'000'000});
  const Error e = error_of([&] { b.restore(full, b.folder / "restored"); });
  EXPECT_EQ(e.code(), ErrorCode::no_space);
  EXPECT_NE(e.happened().find("1.0 kB are free"), std::string::npos) << e.happened();
  EXPECT_FALSE(Home::exists(b.fs, b.folder / "restored"));
  b.restore(b.folder / "restored");
}

// At every call: a fault that passes, and one that stays, as when the power is gone.
TEST(HomeRestore, IsNoSiteOrAWholeOneWhereverItStops) {
  BackedUp b;
  for (const bool stays : {false, true}) {
    for (std::uint64_t n = 1;; ++n) {
      const std::string to = b.folder / ("restored-" + std::to_string(stays) + std::to_string(n));
      FaultyFileSystem faulty(b.fs);
      faulty.fail_at(n, EIO, stays);
      bool done = false;
      try {
        b.restore(faulty, to);
        done = n > faulty.calls();
      } catch (const Error&) {
      }
      if (!Home::exists(b.fs, to)) b.restore(to);  // the same command goes on
      if (done) {
        b.expect_whole(to);
        break;
      }
      Home home(b.fs, b.clock, b.entropy, to);
      EXPECT_EQ(home.keys().public_keys(), b.keys) << "call " << n;
      EXPECT_EQ(SiteBook(home.ledger()).self().incarnation, home.keys().incarnation());
    }
  }
}

TEST(HomeRestore, OfLockedKeysLeavesThemLocked) {
  BackedUp b;
  const Secret passphrase = Secret::copy_of(as_bytes("open sesame"));
  const std::string second = b.folder / "second.backup";
  {
    Home home(b.fs, b.clock, b.entropy, b.home_path);
    home.keys().set_passphrase(&passphrase, {1, 8192});
    EXPECT_TRUE(back_up_home(home, second, "1.2.3").has_passphrase);
  }
  const RestoreResult result =
      restore_home(b.fs, b.clock, b.entropy, b.folder / "restored", second);
  EXPECT_TRUE(result.has_passphrase);
  Home home(b.fs, b.clock, b.entropy, b.folder / "restored");
  EXPECT_TRUE(home.keys().is_locked());
  home.keys().unlock(passphrase);
  EXPECT_EQ(home.keys().public_keys(), b.keys);
}

}  // namespace
}  // namespace courier::test
