#include "signer/site_identity.h"

#include <gtest/gtest.h>

#include "base/codec.h"
#include "base/digest.h"
#include "tests/unit/signer/site_home.h"

namespace courier::test {
namespace {

// The file with its checksum made right again after a change, as a forger would.
Bytes with_good_checksum(Bytes file) {
  const std::size_t body = file.size() - 32;
  const Digest digest = digest_of(DigestKind::site_file, ByteView(file).first(body));
  std::copy(digest.bytes.begin(), digest.bytes.end(), file.begin() + static_cast<long>(body));
  return file;
}

TEST(SiteIdentity, IsReadAsExported) {
  SiteHome home("PUN");
  home.ring.rotate();
  const SiteIdentity identity = SiteIdentity::parse(home.ring.export_identity(3, 0x50));
  EXPECT_EQ(identity.code.str(), "PUN");
  EXPECT_EQ(identity.name, "Site PUN");
  EXPECT_EQ(identity.keys, home.ring.public_keys());
  EXPECT_EQ(identity.key_generation, 2u);
  EXPECT_EQ(identity.incarnation, home.ring.incarnation());
  EXPECT_EQ(identity.format_version, 3);
  EXPECT_EQ(identity.features, 0x50u);
  EXPECT_EQ(identity.created, home.clock.now());
  EXPECT_EQ(identity.succession, home.ring.rotation_certificates());
  EXPECT_EQ(identity.fingerprint(), home.ring.fingerprint());
}

TEST(SiteIdentity, HoldsNoSecretBytes) {
  const SiteHome home("PUN");
  const std::string ring = read_text(home.key_path());
  const std::string file = to_string(home.site_file());
  // The ring's last 96 bytes before its checksum: signing seed and sealing secret.
  const std::string secrets = ring.substr(ring.size() - 96, 64);
  EXPECT_EQ(file.find(secrets.substr(0, 16)), std::string::npos);
  EXPECT_EQ(file.find(secrets.substr(32, 16)), std::string::npos);
}

TEST(SiteIdentity, IsDamagedWithAnyBitChanged) {
  const SiteHome home("PUN");
  const Bytes file = home.site_file();
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    Bytes changed = file;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_EQ(error_of([&] { SiteIdentity::parse(changed); }).code(), ErrorCode::damaged)
        << "bit " << bit;
  }
}

TEST(SiteIdentity, IsDamagedWhenCutAnywhere) {
  const SiteHome home("PUN");
  const Bytes file = home.site_file();
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_EQ(error_of([&] { SiteIdentity::parse(ByteView(file).first(size)); }).code(),
              ErrorCode::damaged);
  }
}

TEST(SiteIdentity, TamperedWithByAForgerHasABadSignature) {
  const SiteHome home("PUN");
  const Bytes file = home.site_file();
  const std::string text = to_string(file);
  Bytes renamed = file;
  renamed[text.find("Site PUN")] = 'B';
  const Error e = error_of([&] { SiteIdentity::parse(with_good_checksum(renamed)); });
  EXPECT_EQ(e.code(), ErrorCode::bad_signature);
  EXPECT_EQ(std::string(e.what()),
            "identity file of site PUN: is not signed by the keys in it: somebody changed it");
  EXPECT_EQ(e.loss(), "nothing was changed");
  EXPECT_EQ(e.hint(), "get the file again from site PUN itself");

  // Every byte of the body, which begins after 14 bytes of frame and the algorithm.
  for (std::size_t i = 15; i < file.size() - 32; ++i) {
    Bytes changed = file;
    changed[i] ^= 0x20;
    const ErrorCode code =
        error_of([&] { SiteIdentity::parse(with_good_checksum(changed)); }).code();
    EXPECT_TRUE(code == ErrorCode::bad_signature || code == ErrorCode::damaged) << "byte " << i;
  }
}

TEST(SiteIdentity, WithAnotherAlgorithmIsUnsupportedBeforeItsSignatureIsLookedAt) {
  const SiteHome home("PUN");
  Bytes file = home.site_file();
  file[14] = 2;
  const Error e = error_of([&] { SiteIdentity::parse(with_good_checksum(file)); });
  EXPECT_EQ(e.code(), ErrorCode::unsupported);
  EXPECT_EQ(e.happened(), "has the unknown signature algorithm 2");
}

TEST(SiteIdentity, OfANewerCourierIsUnsupported) {
  const SiteHome home("PUN");
  Bytes file = home.site_file();
  file[8] = 2;
  EXPECT_EQ(error_of([&] { SiteIdentity::parse(with_good_checksum(file)); }).code(),
            ErrorCode::unsupported);
}

TEST(SiteIdentity, ThatIsSomethingElseIsSaidSo) {
  const Error e = error_of([] { SiteIdentity::parse(as_bytes("hello")); });
  EXPECT_EQ(std::string(e.what()), "identity file: is no identity file");
  EXPECT_EQ(e.exit_status(), 4);
}

}  // namespace
}  // namespace courier::test
