// Identity files: whatever is accepted is signed by its own keys and has one encoding.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "signer/rotation_certificate.h"
#include "signer/site_identity.h"
#include "tests/fuzz/checked_frame.h"

namespace {

void try_parse(courier::ByteView file) {
  try {
    const courier::SiteIdentity identity = courier::SiteIdentity::parse(file);
    courier::Signature signature;
    const courier::ByteView at_end = file.last(32 + signature.size()).first(signature.size());
    std::copy(at_end.begin(), at_end.end(), signature.begin());
    if (identity.encode_signed(signature) != courier::to_bytes(file)) std::abort();
    if (!identity.fingerprint().matches(identity.fingerprint().words())) std::abort();
    courier::parse_succession(identity.succession);
  } catch (const courier::Error& e) {
    if (e.code() == courier::ErrorCode::internal) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const courier::ByteView input(data, size);
  try_parse(input);
  try_parse(courier::test::in_checked_frame("PCLSITE\n", input));
  return 0;
}
