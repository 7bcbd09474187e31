// Identity files: whatever is accepted is signed by its own keys and has one encoding.
#include <algorithm>
#include <cstdlib>

#include "signer/rotation_certificate.h"
#include "signer/site_identity.h"
#include "tests/fuzz/checked_frame.h"

namespace {

void accept(courier::ByteView file) {
  const courier::SiteIdentity identity = courier::SiteIdentity::parse(file);
  courier::Signature signature;
  const courier::ByteView at_end = file.last(32 + signature.size()).first(signature.size());
  std::copy(at_end.begin(), at_end.end(), signature.begin());
  if (identity.encode_signed(signature) != courier::to_bytes(file)) std::abort();
  if (!identity.fingerprint().matches(identity.fingerprint().words())) std::abort();
  courier::parse_succession(identity.succession);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  courier::test::try_checked_file("PCLSITE\n", courier::ByteView(data, size), accept);
  return 0;
}
