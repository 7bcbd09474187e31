// A return report: parses or says why not, and what parses has this one encoding.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "parcel/return_report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const courier::ByteView bytes(data, size);
  try {
    const courier::Bytes again = courier::encode_return_report(courier::parse_return_report(bytes));
    if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
  } catch (const courier::Error& error) {
    if (error.code() == courier::ErrorCode::internal) std::abort();
  }
  return 0;
}
