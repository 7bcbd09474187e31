// Trust list files: one encoding each, no site twice, at most one current key.
#include <cstdlib>

#include "signer/rights.h"
#include "signer/trust_file.h"
#include "tests/fuzz/checked_frame.h"

namespace {

void accept(courier::ByteView file) {
  const auto sites = courier::parse_trust_file(file, "trust list");
  if (courier::encode_trust_file(sites) != courier::to_bytes(file)) std::abort();
  const auto package = courier::PackageId::parse("PUN00020");
  for (const courier::TrustedSite& site : sites) {
    const bool may = courier::may_send(site, courier::ItemKind::remove, package);
    if (may && site.role != courier::SiteRole::parent && site.granted_prefixes.empty()) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  courier::test::try_checked_file("PCLTRUST", courier::ByteView(data, size), accept);
  return 0;
}
