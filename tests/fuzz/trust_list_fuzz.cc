// Trust list files: one encoding each, no site twice, at most one current key.
#include <cstdlib>

#include "base/error.h"
#include "signer/rights.h"
#include "signer/trust_file.h"
#include "tests/fuzz/checked_frame.h"

namespace {

void try_parse(courier::ByteView file) {
  try {
    const auto sites = courier::parse_trust_file(file, "trust list");
    if (courier::encode_trust_file(sites) != courier::to_bytes(file)) std::abort();
    const auto package = courier::PackageId::parse("PUN00020");
    for (const courier::TrustedSite& site : sites) {
      const bool may = courier::may_send(site, courier::ItemKind::remove, package);
      if (may && site.role != courier::SiteRole::parent && site.granted_prefixes.empty()) {
        std::abort();
      }
    }
  } catch (const courier::Error& e) {
    if (e.code() == courier::ErrorCode::internal) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const courier::ByteView input(data, size);
  try_parse(input);
  try_parse(courier::test::in_checked_frame("PCLTRUST", input));
  return 0;
}
