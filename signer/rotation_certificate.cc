#include "signer/rotation_certificate.h"

#include <fmt/format.h>

#include "base/codec.h"
#include "base/error.h"
#include "signer/fields.h"
#include "signer/fingerprint.h"
#include "signer/signature.h"

namespace courier {

namespace {
constexpr std::uint8_t kVersion = 1;
constexpr char kSubject[] = "rotation certificate";
}  // namespace

Bytes RotationCertificate::signed_part() const {
  Encoder out;
  out.u8(kVersion).u8(kEd25519);
  courier::encode(out, code);
  out.u32(old_generation).u32(new_generation).digest(old_keys);
  courier::encode(out, new_keys);
  courier::encode(out, created);
  return out.take();
}

Bytes RotationCertificate::encode() const {
  Encoder out;
  out.raw(signed_part()).raw(signature);
  return out.take();
}

RotationCertificate RotationCertificate::parse(ByteView bytes) {
  Decoder in(bytes, kSubject);
  if (bytes.size() > kMaxRotationCertificateSize) in.fail("is too long");
  const std::uint8_t version = in.u8();
  const std::uint8_t algorithm = in.u8();
  if (version != kVersion) {
    throw Error(ErrorCode::unsupported, kSubject,
                fmt::format("has the unknown version {}", version));
  }
  if (algorithm != kEd25519) {
    throw Error(ErrorCode::unsupported, kSubject,
                fmt::format("has the unknown signature algorithm {}", algorithm));
  }
  RotationCertificate certificate;
  certificate.code = decode_site_code(in);
  certificate.old_generation = in.u32();
  certificate.new_generation = in.u32();
  if (certificate.new_generation <= certificate.old_generation) {
    in.fail("does not lead to a newer generation");
  }
  certificate.old_keys = in.digest();
  certificate.new_keys = decode_public_keys(in);
  certificate.created = decode_time(in);
  certificate.signature = decode_signature(in);
  in.expect_end();
  return certificate;
}

bool RotationCertificate::is_vouched_by(const SiteCode& site, const PublicKeys& old) const {
  return code == site && old_keys == Fingerprint(site, old).digest() &&
         verify(old.signing, DigestKind::rotation_signature, signed_part(), signature);
}

std::vector<RotationCertificate> parse_succession(std::span<const Bytes> certificates) {
  if (certificates.size() > kMaxSuccession) {
    throw Error(ErrorCode::damaged, "rotation certificates",
                fmt::format("are {}; at most {} are allowed", certificates.size(), kMaxSuccession));
  }
  std::vector<RotationCertificate> out;
  for (const Bytes& bytes : certificates) out.push_back(RotationCertificate::parse(bytes));
  return out;
}

}  // namespace courier
