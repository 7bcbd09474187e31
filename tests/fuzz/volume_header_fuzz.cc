// A volume header: parses or says why not, and what parses has this one encoding.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/volume_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const courier::ByteView payload(data, size);
  courier::looks_like_parcel(payload);
  try {
    const courier::Bytes again =
        courier::encode_volume_header(courier::parse_volume_header(payload));
    if (!std::equal(again.begin(), again.end(), payload.begin(), payload.end())) std::abort();
  } catch (const courier::Error& error) {
    if (error.code() == courier::ErrorCode::internal) std::abort();
  }
  return 0;
}
