// A parcel in this site's outbox, as facts and text.
#pragma once

#include <string>

#include "courier/commands.h"
#include "ledger/parcel_book.h"

namespace courier {

Json outgoing_json(const ParcelRow& parcel);
// "Created", "Sent, lost", "Confirmed".
std::string addressee_state(const ParcelAddressee& addressee);
// Of all of them the one that is least far.
std::string outgoing_state(const ParcelRow& parcel);
std::string addressees_text(const ParcelRow& parcel);
Report show_outgoing(Home& home, const ParcelRow& parcel);
Json outgoing_items_json(Home& home, const ParcelRow& parcel);
std::string outgoing_items_table(Home& home, const ParcelRow& parcel);

}  // namespace courier
