// A whole file, read as a parcel by someone who may read it: frames, resynchronisation, head,
// records and end. Signatures are checked against the label's own key, and its records are opened
// with a key that is wrong; behind them stand label, packing list and block fuzzing. Each input is
// read twice, in large pieces and in odd small ones, and must come to the same.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "base/frame.h"
#include "parcel/parcel_reader.h"
#include "tests/support/plain_frames.h"

using namespace courier;

namespace {

ByteSource in_pieces(ByteView bytes, std::size_t piece) {
  return [bytes, piece](MutableByteView out) mutable {
    const std::size_t size = std::min({out.size(), bytes.size(), piece});
    std::copy_n(bytes.begin(), size, out.begin());
    bytes = bytes.subspan(size);
    return size;
  };
}

std::string read(ByteView file, std::size_t piece) {
  std::string story;
  ParcelReader reader(test::plain_frames(in_pieces(file, piece)), "input");
  const RecordOpener opener({}, {}, Secret(32));
  try {
    ParcelHead head = reader.read_head();
    story += head.label_digest.hex();
    std::size_t records = 0;
    while (auto record = reader.next_record()) {
      story += std::to_string(record->number) + (record->intact ? " " : "! ");
      if (++records > file.size() / kFrameHeaderSize) std::abort();
      if (opener.open(*record).ok()) std::abort();
    }
    const PublicKey key = head.label.sender.signing_key;
    const ParcelTail tail = reader.finish(verify_head(std::move(head), key));
    story += std::to_string(static_cast<int>(tail.end)) + " " + std::to_string(tail.damaged_bytes);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::internal) std::abort();
    story += error.what();
  }
  return story;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView file(data, size);
  if (read(file, SIZE_MAX) != read(file, 33)) std::abort();
  return 0;
}
