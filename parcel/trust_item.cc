#include "parcel/trust_item.h"

#include <fmt/format.h>

#include "base/codec.h"
#include "base/error.h"
#include "parcel/fields.h"

namespace courier {

namespace {
constexpr std::uint8_t kRotated = 1;
constexpr std::uint8_t kRevoked = 2;
}  // namespace

Bytes encode_trust_item(const TrustItem& item) {
  Encoder out;
  if (const auto* rotated = std::get_if<KeyRotated>(&item)) {
    require_at_most(rotated->certificate.size(), kMaxCertificateSize,
                    "bytes in a rotation certificate");
    out.u8(kRotated).bytes(rotated->certificate);
  } else {
    const auto& revoked = std::get<KeyRevoked>(item);
    out.u8(kRevoked);
    put_site(out, revoked.site);
    out.raw(revoked.signing_key);
  }
  return out.take();
}

TrustItem parse_trust_item(ByteView body) {
  Decoder in(body, "trust item");
  TrustItem item;
  switch (const std::uint8_t action = in.u8()) {
    case kRotated:
      item = KeyRotated{to_bytes(in.bytes(kMaxCertificateSize))};
      break;
    case kRevoked: {
      const SiteCode site = get_site(in);
      item = KeyRevoked{site, decode_public_key(in)};
      break;
    }
    default:
      throw Error(ErrorCode::unsupported, "trust item",
                  fmt::format("asks for action {}, which is not known", action));
  }
  in.expect_end();
  return item;
}

}  // namespace courier
