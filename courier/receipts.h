// Short receipts: printed here when no medium goes back, taken there by word of mouth or as a code
// (parcel/RECEIPT.md).
#pragma once

#include <optional>
#include <string>

#include "courier/commands.h"

namespace courier {

struct ReceiptOptions {
  std::string parcel;  // empty: the last that arrived
  std::optional<SiteCode> to;
  std::string qr;  // FILE.svg or FILE.png: the code as a picture; empty: none
};

// return create --receipt
Report receipt_of(Context& context, const ReceiptOptions& options);

// parcel mark ID confirmed --receipt CODE; given: words, code, or @FILE with
// either or with a picture of the code.
Report marked_by_receipt(Context& context, const ParcelId& id, const std::string& given);

}  // namespace courier
