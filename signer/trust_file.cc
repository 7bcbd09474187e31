#include "signer/trust_file.h"

#include <algorithm>

#include "base/codec.h"
#include "signer/checked_file.h"
#include "signer/fields.h"
#include "signer/rights.h"

namespace courier {

namespace {

constexpr CheckedFileKind kKind{"PCLTRUST", 1, kMaxTrustFileSize, "trust list"};
constexpr std::size_t kIncarnationSize = 4 + 16;
constexpr std::size_t kMinKeySize = 64 + 4 + 1 + 1;
constexpr std::size_t kMinSiteSize = 3 + 1 + 1 + kIncarnationSize + 1 + 1 + 1 + 2 + 8 + 1;

void encode_site(Encoder& out, const TrustedSite& site) {
  encode(out, site.code);
  out.text(site.name).u8(static_cast<std::uint8_t>(site.role));
  encode(out, site.incarnation);
  out.varint(site.earlier.size());
  for (const Incarnation& incarnation : site.earlier) encode(out, incarnation);
  out.varint(site.keys.size());
  for (const TrustedKey& key : site.keys) {
    encode(out, key.keys);
    out.u32(key.generation).u8(static_cast<std::uint8_t>(key.status));
    encode(out, key.since);
  }
  out.varint(site.granted_prefixes.size());
  for (const std::string& prefix : site.granted_prefixes) out.text(prefix);
  out.u16(site.format_version).u64(site.features);
  encode(out, site.joined);
}

SiteRole decode_role(Decoder& in) {
  const std::uint8_t role = in.u8();
  if (role < static_cast<std::uint8_t>(SiteRole::parent) ||
      role > static_cast<std::uint8_t>(SiteRole::peer)) {
    in.fail("has a site of an unknown role");
  }
  return static_cast<SiteRole>(role);
}

TrustedKey decode_key(Decoder& in) {
  TrustedKey key;
  key.keys = decode_public_keys(in);
  key.generation = in.u32();
  const std::uint8_t status = in.u8();
  if (status < static_cast<std::uint8_t>(KeyStatus::current) ||
      status > static_cast<std::uint8_t>(KeyStatus::lost)) {
    in.fail("has a key of an unknown status");
  }
  key.status = static_cast<KeyStatus>(status);
  key.since = decode_time(in);
  return key;
}

TrustedSite decode_site(Decoder& in) {
  TrustedSite site;
  site.code = decode_site_code(in);
  site.name = in.text(kMaxSiteNameSize);
  site.role = decode_role(in);
  site.incarnation = decode_incarnation(in);
  site.earlier.resize(in.count(kMaxEarlierIncarnations, kIncarnationSize));
  for (Incarnation& incarnation : site.earlier) incarnation = decode_incarnation(in);
  const std::size_t keys = in.count(kMaxKeysPerSite, kMinKeySize);
  for (std::size_t i = 0; i < keys; ++i) site.keys.push_back(decode_key(in));
  if (std::ranges::count(site.keys, KeyStatus::current, &TrustedKey::status) > 1) {
    in.fail("has a site with two current keys");
  }
  const std::size_t grants = in.count(kMaxGrants, 4);
  for (std::size_t i = 0; i < grants; ++i) {
    std::string prefix = in.text(8);
    if (!is_package_prefix(prefix)) in.fail("grants what is no package prefix");
    if (i > 0 && prefix <= site.granted_prefixes.back()) in.fail("has grants out of order");
    site.granted_prefixes.push_back(std::move(prefix));
  }
  site.format_version = in.u16();
  site.features = in.u64();
  site.joined = decode_time(in);
  return site;
}

}  // namespace

Bytes encode_trust_file(const std::vector<TrustedSite>& sites) {
  Encoder out;
  out.varint(sites.size());
  for (const TrustedSite& site : sites) encode_site(out, site);
  return to_bytes(encode_checked(kKind, out.view()).view());
}

std::vector<TrustedSite> parse_trust_file(ByteView file, const std::string& subject) {
  Decoder in(decode_checked(kKind, file, subject).body, subject);
  std::vector<TrustedSite> sites;
  const std::size_t count = in.count(kMaxSites, kMinSiteSize);
  for (std::size_t i = 0; i < count; ++i) {
    sites.push_back(decode_site(in));
    if (i > 0 && sites[i].code <= sites[i - 1].code) in.fail("has sites out of order");
  }
  in.expect_end();
  return sites;
}

}  // namespace courier
