// Key slots, cut apart, and the content of one once it is unsealed. The first byte says how many
// addressees there are.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "parcel/key_slots.h"

using namespace courier;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView payload(data + 1, size - 1);
  try {
    const std::size_t addressees = data[0];
    const auto slots = split_key_slots(payload, addressees);
    if (slots.size() != addressees) std::abort();
    for (const auto& slot : slots) {
      if (slot.size() != kKeySlotSize) std::abort();
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged) std::abort();
  }
  const SlotBinding binding{{1}, {2}, SiteCode::parse("PSE")};
  const auto key = take_content_key(Secret::copy_of(payload), binding);
  if (key) {
    const Secret again = slot_plaintext(key->view(), binding);
    if (!std::equal(payload.begin(), payload.end(), again.view().begin(), again.view().end())) {
      std::abort();
    }
  }
  return 0;
}
