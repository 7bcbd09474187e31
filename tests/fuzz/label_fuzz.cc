// A label's body: parses or says why not, and what parses has this one encoding.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "parcel/label.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const courier::ByteView body(data, size);
  try {
    const courier::Bytes again = courier::encode_label(courier::parse_label(body));
    if (!std::equal(again.begin(), again.end(), body.begin(), body.end())) std::abort();
  } catch (const courier::Error& error) {
    if (error.code() == courier::ErrorCode::internal) std::abort();
  }
  return 0;
}
