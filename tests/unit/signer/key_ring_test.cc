#include "signer/key_ring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "signer/sealed_box.h"
#include "signer/signature.h"
#include "tests/support/faulty_file_system.h"
#include "tests/unit/signer/site_home.h"

namespace courier::test {
namespace {

const ByteView kMessage = as_bytes("a label");

// The ring signs, and opens what is sealed to each of its generations.
void expect_works(const KeyRing& ring) {
  EXPECT_TRUE(verify(ring.public_keys().signing, DigestKind::label_signature, kMessage,
                     ring.sign(DigestKind::label_signature, kMessage)));
  for (const KeyGeneration& generation : ring.generations()) {
    const Bytes box = seal_to(generation.keys.sealing, kMessage);
    const std::optional<Secret> opened = ring.open_sealed(box);
    ASSERT_TRUE(opened.has_value()) << "generation " << generation.number;
    EXPECT_EQ(as_text(opened->view()), as_text(kMessage));
  }
}

void lock(SiteHome& home, std::string_view passphrase = "open sesame") {
  const Secret p = secret(passphrase);
  home.ring.set_passphrase(&p, kCheap);
}

TEST(KeyRing, IsTheSameWhenOpenedAgain) {
  SiteHome home("PUN");
  const KeyRing again = home.open();
  EXPECT_EQ(again.code().str(), "PUN");
  EXPECT_EQ(again.name(), "Site PUN");
  EXPECT_EQ(again.public_keys(), home.ring.public_keys());
  EXPECT_EQ(again.incarnation(), home.ring.incarnation());
  EXPECT_EQ(again.incarnation().ordinal, 1u);
  EXPECT_EQ(again.created(), home.clock.now());
  EXPECT_EQ(again.generation(), 1u);
  EXPECT_FALSE(again.is_locked());
  EXPECT_FALSE(again.has_passphrase());
  expect_works(again);
}

TEST(KeyRing, IsAFileThatNobodyElseCanRead) {
  SiteHome home("PUN");
  struct stat file {
  }, folder{};
  ASSERT_EQ(::stat(home.key_path().c_str(), &file), 0);
  ASSERT_EQ(::stat((home.folder / "keys").c_str(), &folder), 0);
  EXPECT_EQ(file.st_mode & 07777, 0600u);
  EXPECT_EQ(folder.st_mode & 07777, 0700u);
  home.ring.rotate();
  ASSERT_EQ(::stat(home.key_path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0600u);
}

TEST(KeyRing, ThatOthersCanReadIsRefused) {
  SiteHome home("PUN");
  ASSERT_EQ(::chmod(home.key_path().c_str(), 0640), 0);
  const Error e = error_of([&] { home.open(); });
  EXPECT_EQ(e.code(), ErrorCode::not_allowed);
  EXPECT_EQ(e.happened(), "can be read by others (mode 0640)");
  EXPECT_NE(e.hint().find("chmod 600 " + home.key_path()), std::string::npos);
}

TEST(KeyRing, IsMadeOnce) {
  SiteHome home("PUN");
  const Error e = error_of([&] {
    KeyRing::create(home.fs, home.folder.path(), SiteCode::parse("PSE"), "x", home.entropy,
                    home.clock);
  });
  EXPECT_EQ(e.code(), ErrorCode::not_allowed);
  EXPECT_EQ(std::string(e.what()), "home " + home.folder.path() + ": is a site already");
  EXPECT_EQ(home.open().code().str(), "PUN");
}

TEST(KeyRing, IsNotThereBeforeSiteInit) {
  TempFolder empty;
  PosixFileSystem fs;
  SeededEntropy entropy;
  FakeClock clock;
  EXPECT_FALSE(KeyRing::exists(fs, empty.path()));
  EXPECT_FALSE(KeyRing::exists(fs, empty / "no/such/folder"));
  const Error e = error_of([&] { KeyRing::open(fs, empty.path(), entropy, clock); });
  EXPECT_EQ(e.code(), ErrorCode::not_found);
  EXPECT_EQ(std::string(e.what()), "home " + empty.path() + ": is no site yet");
  EXPECT_NE(e.hint().find("courier site init CODE"), std::string::npos);
}

TEST(KeyRing, TakesANameThatIsShortUtf8Only) {
  TempFolder empty;
  PosixFileSystem fs;
  SeededEntropy entropy;
  FakeClock clock;
  for (const std::string& name :
       {std::string(201, 'x'), std::string("\xff"), std::string(1, '\0')}) {
    EXPECT_EQ(error_of([&] {
                KeyRing::create(fs, empty.path(), SiteCode::parse("PUN"), name, entropy, clock);
              }).code(),
              ErrorCode::usage);
  }
  EXPECT_FALSE(KeyRing::exists(fs, empty.path()));
  EXPECT_EQ(
      KeyRing::create(fs, empty.path(), SiteCode::parse("PUN"), "Återställning ção", entropy, clock)
          .name(),
      "Återställning ção");
}

TEST(KeyRing, SitesMadeFromDifferentEntropyShareNothing) {
  const SiteHome a("PUN", 1), b("PUN", 2);
  EXPECT_NE(a.ring.public_keys().signing, b.ring.public_keys().signing);
  EXPECT_NE(a.ring.public_keys().sealing, b.ring.public_keys().sealing);
  EXPECT_NE(a.ring.incarnation(), b.ring.incarnation());
}

TEST(KeyRingRotation, VouchesForTheNewKeysAndStillOpensOldBoxes) {
  SiteHome home("PUN");
  const PublicKeys old = home.ring.public_keys();
  home.ring.rotate();
  EXPECT_EQ(home.ring.generation(), 2u);
  EXPECT_NE(home.ring.public_keys().signing, old.signing);
  EXPECT_NE(home.ring.public_keys().sealing, old.sealing);
  ASSERT_EQ(home.ring.rotation_certificates().size(), 1u);
  EXPECT_TRUE(RotationCertificate::parse(home.ring.rotation_certificates()[0])
                  .is_vouched_by(home.ring.code(), old));
  expect_works(home.ring);
  expect_works(home.open());
  EXPECT_FALSE(verify(old.signing, DigestKind::label_signature, kMessage,
                      home.ring.sign(DigestKind::label_signature, kMessage)));
}

TEST(KeyRingRotation, KeepsAsManyGenerationsAsASuccessionHas) {
  SiteHome home("PUN");
  for (std::size_t i = 0; i < kMaxSuccession + 3; ++i) home.ring.rotate();
  EXPECT_EQ(home.ring.generation(), kMaxSuccession + 4);
  EXPECT_EQ(home.ring.generations().size(), kMaxKeyGenerations);
  EXPECT_EQ(home.ring.rotation_certificates().size(), kMaxSuccession);
  EXPECT_EQ(RotationCertificate::parse(home.ring.rotation_certificates()[0]).old_generation, 4u);
  expect_works(home.open());
}

TEST(KeyRingRotation, LosesNoKeysWhereverThePowerFails) {
  for (std::uint64_t n = 1;; ++n) {
    SiteHome home("PUN");
    FaultyFileSystem faulty(home.fs);
    KeyRing ring = KeyRing::open(faulty, home.folder.path(), home.entropy, home.clock);
    faulty.fail_at(n, EIO, true);
    try {
      ring.rotate();
      EXPECT_GE(n, 5u);  // made, written, synced, renamed, folder synced, at the least
      break;
    } catch (const Error&) {
    }
    EXPECT_EQ(ring.generation(), 1u);
    expect_works(ring);
    KeyRing after = home.open();
    EXPECT_LE(after.generation(), 2u);
    expect_works(after);
    // And it goes on from there, leaving no copy of the secrets behind.
    after.rotate();
    expect_works(home.open());
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(home.folder / "keys"), {}), 1);
  }
}

TEST(KeyRing, IsAbsentOrWholeWhereverThePowerFailsWhileItIsMade) {
  for (std::uint64_t n = 1;; ++n) {
    TempFolder folder;
    SeededEntropy entropy;
    FakeClock clock;
    PosixFileSystem fs;
    FaultyFileSystem faulty(fs);
    faulty.fail_at(n, EIO, true);
    const SiteCode code = SiteCode::parse("PUN");
    try {
      KeyRing::create(faulty, folder / "home", code, "x", entropy, clock);
      EXPECT_GE(n, 5u);
      break;
    } catch (const Error&) {
      if (!KeyRing::exists(fs, folder / "home")) {
        KeyRing::create(fs, folder / "home", code, "x", entropy, clock);
      }
      expect_works(KeyRing::open(fs, folder / "home", entropy, clock));
    }
  }
}

TEST(KeyRing, DoesNotUndoAnotherCouriersChange) {
  SiteHome home("PUN");
  KeyRing other = home.open();
  other.rotate();
  const Error e = error_of([&] { home.ring.rotate(); });
  EXPECT_EQ(e.code(), ErrorCode::busy);
  EXPECT_EQ(std::string(e.what()), "keys of site PUN: were changed by another courier meanwhile");
  EXPECT_EQ(home.open().public_keys(), other.public_keys());
}

TEST(KeyRingLost, MakesKeysThatNothingVouchesFor) {
  SiteHome home("PUN");
  home.ring.rotate();
  home.ring.rotate_lost();
  EXPECT_EQ(home.ring.generation(), 3u);
  EXPECT_TRUE(home.ring.rotation_certificates().empty());
  EXPECT_EQ(home.ring.generations().size(), 3u);
  expect_works(home.open());
  home.ring.rotate();
  EXPECT_EQ(home.ring.rotation_certificates().size(), 1u);
}

TEST(KeyRingLost, WorksOnALockedRingAndDropsWhatItCannotOpen) {
  SiteHome home("PUN");
  lock(home);
  const PublicKeys old = home.ring.public_keys();
  KeyRing ring = home.open();
  ASSERT_TRUE(ring.is_locked());
  ring.rotate_lost();
  EXPECT_FALSE(ring.is_locked());
  EXPECT_FALSE(ring.has_passphrase());
  EXPECT_EQ(ring.generation(), 2u);
  EXPECT_EQ(ring.generations().size(), 1u);
  EXPECT_FALSE(ring.open_sealed(seal_to(old.sealing, kMessage)).has_value());
  expect_works(home.open());
}

TEST(KeyRingLost, CanTakeANewPassphrase) {
  SiteHome home("PUN");
  lock(home);
  KeyRing ring = home.open();
  const Secret p = secret("another");
  ring.rotate_lost(&p, kCheap);
  KeyRing again = home.open();
  EXPECT_TRUE(again.is_locked());
  again.unlock(p);
  expect_works(again);
}

TEST(KeyRingPassphrase, LocksWhatNeedsASecretAndNothingElse) {
  SiteHome home("PUN");
  home.ring.rotate();
  lock(home);
  EXPECT_FALSE(home.ring.is_locked());
  expect_works(home.ring);

  KeyRing ring = home.open();
  EXPECT_TRUE(ring.is_locked());
  EXPECT_TRUE(ring.has_passphrase());
  EXPECT_EQ(ring.public_keys(), home.ring.public_keys());
  EXPECT_EQ(ring.fingerprint(), home.ring.fingerprint());
  EXPECT_EQ(ring.rotation_certificates().size(), 1u);
  const Bytes box = seal_to(ring.public_keys().sealing, kMessage);
  for (const Error& e :
       {error_of([&] { ring.sign(DigestKind::label_signature, kMessage); }),
        error_of([&] { ring.open_sealed(box); }), error_of([&] { ring.export_identity(1, 0); }),
        error_of([&] { ring.rotate(); }), error_of([&] { ring.set_passphrase(nullptr); }),
        error_of([&] { ring.require_unlocked(); })}) {
    EXPECT_EQ(e.code(), ErrorCode::keys_locked);
    EXPECT_EQ(e.exit_status(), 2);
    EXPECT_EQ(std::string(e.what()), "keys of site PUN: are locked with a passphrase");
    EXPECT_EQ(e.hint(),
              "give --passphrase-file FILE or --passphrase-fd N, or run it on a terminal");
  }
  ring.unlock(secret("open sesame"));
  expect_works(ring);
  ring.unlock(secret("whatever, it is open"));
}

TEST(KeyRingPassphrase, ThatIsWrongIsSaidSo) {
  SiteHome home("PUN");
  lock(home);
  KeyRing ring = home.open();
  for (const std::string_view wrong : {"open sesam", "Open sesame", "open sesame ", ""}) {
    const Error e = error_of([&] { ring.unlock(secret(wrong)); });
    EXPECT_EQ(e.code(), ErrorCode::keys_locked);
    EXPECT_EQ(std::string(e.what()), "keys of site PUN: the passphrase is wrong");
    EXPECT_NE(e.hint().find("courier site rotate-key --lost"), std::string::npos);
    EXPECT_TRUE(ring.is_locked());
  }
}

TEST(KeyRingPassphrase, OutlivesARotation) {
  SiteHome home("PUN");
  lock(home);
  home.ring.rotate();
  KeyRing ring = home.open();
  EXPECT_TRUE(ring.is_locked());
  ring.unlock(secret("open sesame"));
  EXPECT_EQ(ring.generation(), 2u);
  expect_works(ring);
}

TEST(KeyRingPassphrase, IsChangedAndTakenOff) {
  SiteHome home("PUN");
  lock(home);
  lock(home, "second");
  KeyRing ring = home.open();
  EXPECT_THROW(ring.unlock(secret("open sesame")), Error);
  ring.unlock(secret("second"));
  ring.set_passphrase(nullptr);
  EXPECT_FALSE(home.open().has_passphrase());
  expect_works(home.open());
}

TEST(KeyRingPassphrase, WrapsEverySecretByte) {
  SiteHome home("PUN");
  const std::string clear = read_text(home.key_path());
  const std::string seed = clear.substr(clear.size() - 96, 32);
  const std::string sealing = clear.substr(clear.size() - 64, 32);
  lock(home);
  const std::string wrapped = read_text(home.key_path());
  for (std::size_t i = 0; i + 8 <= 32; ++i) {
    EXPECT_EQ(wrapped.find(seed.substr(i, 8)), std::string::npos);
    EXPECT_EQ(wrapped.find(sealing.substr(i, 8)), std::string::npos);
  }
}

// A forger with access to the file but not to the passphrase puts his own public keys in.
TEST(KeyRingPassphrase, BindsThePublicKeysToTheSecrets) {
  SiteHome home("PUN"), forger("PUN", 77);
  lock(home);
  ParsedKeyFile parsed = parse_key_file(as_bytes(read_text(home.key_path())), "ring");
  parsed.file.generations = forger.ring.generations();
  const Secret forged = parsed.file.encode(Secret());
  write_text(home.key_path(), as_text(forged.view()));
  KeyRing ring = home.open();
  EXPECT_EQ(error_of([&] { ring.unlock(secret("open sesame")); }).code(), ErrorCode::keys_locked);
}

TEST(KeyRing, WhoseSecretAndPublicPartsDifferIsDamaged) {
  SiteHome home("PUN"), other("PUN", 77);
  ParsedKeyFile parsed = parse_key_file(as_bytes(read_text(home.key_path())), "ring");
  const auto write = [&](const KeyFile& file) {
    const Secret bytes = file.encode(parsed.clear_secrets);
    write_text(home.key_path(), as_text(bytes.view()));
  };
  KeyFile file = parsed.file;
  file.generations[0].keys.signing = other.ring.public_keys().signing;
  write(file);
  const Error e = error_of([&] { home.open(); });
  EXPECT_EQ(e.code(), ErrorCode::damaged);
  EXPECT_EQ(std::string(e.what()),
            "keys of site PUN: do not belong together: secret and public parts differ");
  file = parsed.file;
  file.generations[0].keys.sealing = other.ring.public_keys().sealing;
  write(file);
  EXPECT_EQ(error_of([&] { home.open(); }).code(), ErrorCode::damaged);
}

TEST(KeyRing, WithADamagedFileIsSaidSo) {
  SiteHome home("PUN");
  const std::string whole = read_text(home.key_path());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    write_text(home.key_path(), changed);
    EXPECT_EQ(error_of([&] { home.open(); }).code(), ErrorCode::damaged) << "byte " << i;
    write_text(home.key_path(), whole.substr(0, i));
    EXPECT_EQ(error_of([&] { home.open(); }).code(), ErrorCode::damaged) << i << " bytes";
  }
  write_text(home.key_path(), std::string(kMaxKeyFileSize + 1, 'x'));
  EXPECT_EQ(error_of([&] { home.open(); }).code(), ErrorCode::damaged);
}

TEST(KeyFile, ThatAsksForEndlessWorkIsDamaged) {
  SiteHome home("PUN");
  lock(home);
  ParsedKeyFile parsed = parse_key_file(as_bytes(read_text(home.key_path())), "ring");
  for (const PassphraseCost cost : {PassphraseCost{65, 8192}, PassphraseCost{1, (1ull << 30) + 1},
                                    PassphraseCost{0, 8192}, PassphraseCost{1, 8191}}) {
    parsed.file.wrapping->cost = cost;
    const Secret bytes = parsed.file.encode(Secret());
    EXPECT_EQ(error_of([&] { parse_key_file(bytes.view(), "ring"); }).code(), ErrorCode::damaged);
  }
}

TEST(KeyRingIncarnation, GoesOnWithTheNextOrdinalAlsoWhileLocked) {
  SiteHome home("PUN");
  lock(home);
  const Incarnation first = home.ring.incarnation();
  KeyRing ring = home.open();
  ring.new_incarnation();
  EXPECT_EQ(ring.incarnation().ordinal, 2u);
  EXPECT_NE(ring.incarnation().random, first.random);
  KeyRing again = home.open();
  EXPECT_EQ(again.incarnation(), ring.incarnation());
  again.unlock(secret("open sesame"));
  expect_works(again);
}

KeyRing restore(SiteHome& home, const std::string& to, ByteView copy) {
  return KeyRing::restore(home.fs, to, copy, KeyRing::next_incarnation(copy, home.entropy),
                          home.entropy, home.clock);
}

TEST(KeyRingCopy, RestoresTheSameKeysInANewIncarnation) {
  SiteHome home("PUN");
  home.ring.rotate();
  const Secret copy = home.ring.copy_of_file();
  EXPECT_EQ(KeyRing::check_copy(copy.view()).str(), "PUN");
  TempFolder folder;
  const KeyRing restored = restore(home, folder / "home", copy.view());
  EXPECT_EQ(restored.public_keys(), home.ring.public_keys());
  EXPECT_EQ(restored.incarnation().ordinal, 2u);
  expect_works(restored);
  expect_works(KeyRing::open(home.fs, folder / "home", home.entropy, home.clock));
  EXPECT_EQ(error_of([&] { restore(home, folder / "home", copy.view()); }).code(),
            ErrorCode::not_allowed);
}

TEST(KeyRingCopy, OfALockedRingStaysLocked) {
  SiteHome home("PUN");
  lock(home);
  const Secret copy = home.open().copy_of_file();
  TempFolder folder;
  KeyRing restored = restore(home, folder / "home", copy.view());
  EXPECT_TRUE(restored.is_locked());
  EXPECT_EQ(restored.incarnation().ordinal, 2u);
  restored.unlock(secret("open sesame"));
  expect_works(restored);
}

TEST(KeyRingCopy, ThatIsDamagedRestoresNothing) {
  SiteHome home("PUN");
  const Secret copy = home.ring.copy_of_file();
  Bytes changed = to_bytes(copy.view());
  changed[100] ^= 1;
  TempFolder folder;
  EXPECT_EQ(error_of([&] { KeyRing::check_copy(changed); }).code(), ErrorCode::damaged);
  EXPECT_EQ(error_of([&] { restore(home, folder / "home", changed); }).code(), ErrorCode::damaged);
  EXPECT_FALSE(KeyRing::exists(home.fs, folder / "home"));
}

// Source: computed with another implementation (OpenSSL's).
TEST(SealingKeyOf, IsTheX25519PublicKey) {
  Bytes secret_key;
  for (std::uint8_t i = 1; i <= 32; ++i) secret_key.push_back(i);
  EXPECT_EQ(to_hex(sealing_key_of(secret_key)),
            "07a37cbc142093c8b755dc1b10e86cb426374ad16aa853ed0bdfc0b2b86d1c7c");
}

}  // namespace
}  // namespace courier::test
