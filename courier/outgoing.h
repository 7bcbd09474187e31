// A parcel in this site's outbox or quarantine, as facts and text, and its copies on media.
#pragma once

#include <string>

#include "courier/commands.h"
#include "ledger/incoming_book.h"
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

Json incoming_json(const IncomingParcel& parcel);
Report show_incoming(Home& home, const IncomingParcel& parcel);
Json incoming_items_json(Home& home, const IncomingParcel& parcel);
std::string incoming_items_table(Home& home, const IncomingParcel& parcel);

// Writes the parcel's file to a medium, reads it back and records the copy. Adds "copy" to the
// report; a failure becomes the report's problem, the parcel stays in the outbox.
void copy_to_medium(Context& context, const ParcelRow& parcel, const std::string& target,
                    Report& report);

}  // namespace courier
