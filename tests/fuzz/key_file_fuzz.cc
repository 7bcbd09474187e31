// Key ring files: one encoding each; secrets that do not fit their public keys are never used.
#include <cstdlib>

#include "signer/key_file.h"
#include "tests/fuzz/checked_frame.h"

namespace {

void accept(courier::ByteView file) {
  const courier::ParsedKeyFile parsed = courier::parse_key_file(file, "key ring");
  const courier::Secret again = parsed.file.encode(parsed.clear_secrets);
  if (courier::to_bytes(again.view()) != courier::to_bytes(file)) std::abort();
  if (parsed.file.wrapping) {
    if (parsed.file.unwrap(courier::Secret(32))) std::abort();
  } else {
    parsed.file.check_secrets(parsed.clear_secrets);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  courier::test::try_checked_file("PCLKEYS\n", courier::ByteView(data, size), accept);
  return 0;
}
