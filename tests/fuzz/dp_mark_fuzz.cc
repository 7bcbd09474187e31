// The marks and records on a share: whoever can write there can write them.
#include "base/error.h"
#include "distribution/dp_mark.h"

using namespace courier;

template <typename Thing>
void try_parse(ByteView bytes) {
  Thing thing;
  try {
    thing = Thing::parse(bytes);
  } catch (const Error&) {
    return;
  }
  // What was understood is written so that it is understood again.
  if (!(Thing::parse(as_bytes(thing.encode())) == thing)) __builtin_trap();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try_parse<DpMark>(ByteView(data, size));
  try_parse<ServedRecord>(ByteView(data, size));
  return 0;
}
