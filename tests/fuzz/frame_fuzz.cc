// Frame headers: what is accepted says exactly what its bytes say, and what is written is accepted.
#include <cstdint>
#include <cstdlib>

#include "base/codec.h"
#include "base/frame.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  const ByteView input(data, size);
  if (size >= kFrameHeaderSize) {
    const ByteView header = input.first(kFrameHeaderSize);
    const ParsedFrame parsed = parse_frame_header(header);
    if (parsed.fault == FrameFault::none) {
      if (parsed.header.payload_size > kMaxFramePayload) std::abort();
      Encoder again;
      again.raw(header.first(4)).u8(parsed.header.kind).u8(0).u16(0).u64(parsed.header.number);
      again.u32(parsed.header.payload_size).u64(parsed.header.checksum);
      if (to_bytes(again.view()) != to_bytes(header.first(28))) std::abort();
    }
  }
  const std::uint64_t number = size > 0 ? std::uint64_t{data[0]} << (size % 56) : 0;
  const auto written = encode_frame_header(FrameKind::record, number, input);
  const ParsedFrame parsed = parse_frame_header(written);
  if (parsed.fault != FrameFault::none || parsed.header.number != number ||
      parsed.header.payload_size != size || parsed.header.checksum != frame_checksum(input)) {
    std::abort();
  }
  return 0;
}
