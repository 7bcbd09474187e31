// A parcel that came in, taken in or in quarantine, as facts and text.
#pragma once

#include <string>

#include "courier/commands.h"
#include "ledger/incoming_book.h"

namespace courier {

Json incoming_json(Home& home, const IncomingParcel& parcel);
// "Processed: 1 installed, 1 damaged".
std::string incoming_state(Home& home, const IncomingParcel& parcel);
Report show_incoming(Home& home, const IncomingParcel& parcel);
Json incoming_items_json(Home& home, const IncomingParcel& parcel);
std::string incoming_items_table(Home& home, const IncomingParcel& parcel);

}  // namespace courier
