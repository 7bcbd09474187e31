// Key ring files: one encoding each; secrets that do not fit their public keys are never used.
#include <cstdlib>

#include "base/error.h"
#include "signer/key_file.h"
#include "tests/fuzz/checked_frame.h"

namespace {

void try_parse(courier::ByteView file) {
  try {
    const courier::ParsedKeyFile parsed = courier::parse_key_file(file, "key ring");
    const courier::Secret again = parsed.file.encode(parsed.clear_secrets);
    if (courier::to_bytes(again.view()) != courier::to_bytes(file)) std::abort();
    if (parsed.file.wrapping) {
      if (parsed.file.unwrap(courier::Secret(32))) std::abort();
    } else {
      parsed.file.check_secrets(parsed.clear_secrets);
    }
  } catch (const courier::Error& e) {
    if (e.code() == courier::ErrorCode::internal) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const courier::ByteView input(data, size);
  try_parse(input);
  try_parse(courier::test::in_checked_frame("PCLKEYS\n", input));
  return 0;
}
