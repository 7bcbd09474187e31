#include "signer/rotation_certificate.h"

#include <gtest/gtest.h>

#include "signer/signature.h"
#include "tests/unit/signer/site_home.h"

namespace courier::test {
namespace {

struct Rotated {
  Rotated() : home("PUN"), old(home.ring.public_keys()) {
    home.ring.rotate();
    bytes = home.ring.rotation_certificates().at(0);
  }
  SiteHome home;
  PublicKeys old;
  Bytes bytes;
};

TEST(RotationCertificate, IsReadAsWrittenAndVouchedForByTheOldKey) {
  const Rotated r;
  const RotationCertificate certificate = RotationCertificate::parse(r.bytes);
  EXPECT_EQ(certificate.encode(), r.bytes);
  EXPECT_EQ(certificate.old_generation, 1u);
  EXPECT_EQ(certificate.new_generation, 2u);
  EXPECT_EQ(certificate.new_keys, r.home.ring.public_keys());
  EXPECT_TRUE(certificate.is_vouched_by(r.home.ring.code(), r.old));
}

TEST(RotationCertificate, IsVouchedForByNoOtherKeyOrSite) {
  const Rotated r;
  const RotationCertificate certificate = RotationCertificate::parse(r.bytes);
  EXPECT_FALSE(certificate.is_vouched_by(SiteCode::parse("PSE"), r.old));
  EXPECT_FALSE(certificate.is_vouched_by(r.home.ring.code(), r.home.ring.public_keys()));
  PublicKeys other_sealing = r.old;
  other_sealing.sealing[0] ^= 1;
  EXPECT_FALSE(certificate.is_vouched_by(r.home.ring.code(), other_sealing));
}

TEST(RotationCertificate, WithAnyBitChangedIsVouchedForByNobody) {
  const Rotated r;
  for (std::size_t bit = 0; bit < r.bytes.size() * 8; ++bit) {
    Bytes changed = r.bytes;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    try {
      EXPECT_FALSE(RotationCertificate::parse(changed).is_vouched_by(r.home.ring.code(), r.old))
          << "bit " << bit;
    } catch (const Error& e) {
      EXPECT_TRUE(e.code() == ErrorCode::damaged || e.code() == ErrorCode::unsupported);
    }
  }
}

TEST(RotationCertificate, OfAnotherVersionOrAlgorithmIsUnsupported) {
  Rotated r;
  r.bytes[0] = 2;
  EXPECT_EQ(error_of([&] { RotationCertificate::parse(r.bytes); }).happened(),
            "has the unknown version 2");
  r.bytes[0] = 1;
  r.bytes[1] = 9;
  const Error e = error_of([&] { RotationCertificate::parse(r.bytes); });
  EXPECT_EQ(e.code(), ErrorCode::unsupported);
  EXPECT_EQ(e.happened(), "has the unknown signature algorithm 9");
}

TEST(RotationCertificate, ThatIsCutOrLeadsBackIsDamaged) {
  const Rotated r;
  for (std::size_t size = 0; size < r.bytes.size(); ++size) {
    EXPECT_EQ(error_of([&] { RotationCertificate::parse(ByteView(r.bytes).first(size)); }).code(),
              ErrorCode::damaged);
  }
  RotationCertificate back = RotationCertificate::parse(r.bytes);
  back.new_generation = back.old_generation;
  EXPECT_EQ(error_of([&] { RotationCertificate::parse(back.encode()); }).code(),
            ErrorCode::damaged);
  EXPECT_EQ(error_of([&] {
              parse_succession(std::vector<Bytes>(kMaxSuccession + 1, r.bytes));
            }).happened(),
            "are 17; at most 16 are allowed");
}

}  // namespace
}  // namespace courier::test
