#include "importer/stored_items.h"

#include <algorithm>

#include "ledger/incoming_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/transfer_book.h"
#include "signer/key_ring.h"

namespace courier {
namespace {

bool is_served(const ImporterParts& parts, const IncomingItem& item, const std::string& dp) {
  const auto row = PackageDpBook{parts.ledger}.find({parts.keys.code(), dp, item.package});
  return row && row->state == PackageState::installed && row->version == item.version;
}

}  // namespace

void restate_stored_items(const ImporterParts& parts) {
  IncomingBook incoming{parts.ledger};
  TransferBook transfers{parts.ledger};
  for (const IncomingItem& item : incoming.items_to_be_served()) {
    const std::vector<TransferRow> wanted = transfers.of_job(item.local_job);
    const bool everywhere = std::all_of(wanted.begin(), wanted.end(), [&](const TransferRow& row) {
      return is_served(parts, item, row.dp);
    });
    if (wanted.empty() || !everywhere) continue;
    incoming.restate_item(item.label, item.index, VerdictKind::installed, "");
  }
}

}  // namespace courier
