// Rotation certificates: one encoding each, and vouched for by nobody we know.
#include <cstdlib>

#include "base/error.h"
#include "signer/rotation_certificate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const courier::ByteView input(data, size);
  try {
    const auto certificate = courier::RotationCertificate::parse(input);
    if (certificate.encode() != courier::to_bytes(input)) std::abort();
    courier::PublicKeys stranger;
    stranger.signing.fill(0x42);
    if (certificate.is_vouched_by(certificate.code, stranger)) std::abort();
  } catch (const courier::Error& e) {
    if (e.code() == courier::ErrorCode::internal) std::abort();
  }
  return 0;
}
