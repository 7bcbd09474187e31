#include "signer/site_identity.h"

#include <fmt/format.h>

#include "base/codec.h"
#include "base/error.h"
#include "signer/checked_file.h"
#include "signer/fields.h"
#include "signer/rotation_certificate.h"
#include "signer/signature.h"

namespace courier {

namespace {

constexpr CheckedFileKind kKind{"PCLSITE\n", 1, kMaxIdentitySize, "identity file"};
constexpr char kSubject[] = "identity file";

// The version is in the frame around the body, which the checksum covers and the signature does
// not: so it is signed with it, and nobody makes a file of one version pass for one of another.
Bytes with_version(std::uint16_t version, ByteView body) {
  Encoder out;
  out.u16(version).raw(body);
  return out.take();
}

}  // namespace

Bytes SiteIdentity::signed_part() const { return with_version(kKind.version, encode_body()); }

Bytes SiteIdentity::encode_body() const {
  Encoder out;
  out.u8(kEd25519);
  encode(out, code);
  out.text(name).u32(key_generation);
  encode(out, keys);
  encode(out, incarnation);
  encode(out, created);
  out.u16(format_version).u64(features).varint(succession.size());
  for (const Bytes& certificate : succession) out.bytes(certificate);
  return out.take();
}

Bytes SiteIdentity::encode_signed(const Signature& signature) const {
  Encoder out;
  out.raw(encode_body()).raw(signature);
  return to_bytes(encode_checked(kKind, out.view()).view());
}

SiteIdentity SiteIdentity::parse(ByteView file) {
  const CheckedBody checked = decode_checked(kKind, file, kSubject);
  Decoder in(checked.body, kSubject);
  // An unknown algorithm ends it here, before anything is believed: there is no downgrade.
  const std::uint8_t algorithm = in.u8();
  if (algorithm != kEd25519) {
    throw Error(ErrorCode::unsupported, kSubject,
                fmt::format("has the unknown signature algorithm {}", algorithm))
        .with_loss("nothing was changed");
  }
  SiteIdentity identity;
  identity.code = decode_site_code(in);
  identity.name = in.text(kMaxSiteNameSize);
  identity.key_generation = in.u32();
  identity.keys = decode_public_keys(in);
  identity.incarnation = decode_incarnation(in);
  identity.created = decode_time(in);
  identity.format_version = in.u16();
  identity.features = in.u64();
  const std::size_t certificates = in.count(kMaxSuccession);
  for (std::size_t i = 0; i < certificates; ++i) {
    identity.succession.push_back(to_bytes(in.bytes(kMaxRotationCertificateSize)));
  }
  const ByteView body = checked.body.first(in.offset());
  const Signature signature = decode_signature(in);
  in.expect_end();
  if (!verify(identity.keys.signing, DigestKind::identity_signature,
              with_version(checked.version, body), signature)) {
    throw Error(ErrorCode::bad_signature,
                fmt::format("identity file of site {}", identity.code.str()),
                "is not signed by the keys in it: somebody changed it")
        .with_loss("nothing was changed")
        .with_hint(fmt::format("get the file again from site {} itself", identity.code.str()));
  }
  return identity;
}

}  // namespace courier
