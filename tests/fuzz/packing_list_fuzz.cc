// A packing list and the bodies of its items. The first byte says for how many addressees it is.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "parcel/packing_list.h"
#include "parcel/trust_item.h"

using namespace courier;

namespace {

void read_bodies(const PackingList& list) {
  for (const auto& item : list.items) {
    if (item.kind() != ItemKind::trust) continue;
    try {
      if (encode_trust_item(parse_trust_item(item.body)) != item.body) std::abort();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::internal) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t addressees = 1 + data[0] % 4;
  const ByteView bytes(data + 1, size - 1);
  try {
    const PackingList list = parse_packing_list(bytes, addressees);
    const Bytes again = encode_packing_list(list, addressees);
    if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
    read_bodies(list);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::internal) std::abort();
  }
  return 0;
}
