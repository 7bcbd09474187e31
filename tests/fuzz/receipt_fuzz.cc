// A receipt: as the text of a code, as what its signature is of under a right checksum, and as
// words. It is read or refused, and what is read has this one encoding.
#include <cstdlib>
#include <functional>

#include "base/error.h"
#include "parcel/receipt.h"
#include "signer/receipt_words.h"

namespace {

void passes(const std::function<void()>& read) {
  try {
    read();
  } catch (const courier::Error& error) {
    if (error.code() == courier::ErrorCode::internal) std::abort();
  }
}

void read_code(const std::string& text) {
  courier::SignedReceipt read = courier::parse_receipt(text);
  const std::string again =
      courier::encode_receipt(read.receipt, [&read](courier::ByteView) { return read.signature; });
  const courier::SignedReceipt twice = courier::parse_receipt(again);
  if (twice.receipt != read.receipt || twice.signed_part != read.signed_part) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const courier::ByteView bytes(data, size);
  const std::string text(courier::as_text(bytes));
  passes([&] { read_code(text); });
  passes([&] { read_code(courier::receipt_text(bytes, {})); });
  passes([&] {
    const courier::ReceiptTag tag = courier::parse_receipt_words(text);
    if (courier::parse_receipt_words(courier::receipt_words(tag)) != tag) std::abort();
  });
  return 0;
}
