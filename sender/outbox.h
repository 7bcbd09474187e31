// The outbox, HOME/outbox: parcels under their names, each with the map of its records, and for a
// moment what a crash left of one.
//
// A parcel gets its name before the ledger has its rows: a crash between the two leaves a file that
// is no parcel. Its number is reserved in the ledger, so it is known for what it is: shown by
// unfinished_parcels, and removed by the next command that holds the home's lock. Source:
// behaviours.md B9.
#pragma once

#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/journal.h"
#include "base/vocabulary.h"
#include "ledger/ledger.h"

namespace courier {

// Those whose file a crash left in the outbox. While another courier makes a parcel, that one may
// be among them.
std::vector<ParcelId> unfinished_parcels(Ledger& ledger, FileSystem& fs, const std::string& home);

// Removes what a crash left: temporary files, unfinished parcels, maps of no parcel. Caller holds
// the home's lock. Errors: device, no_space.
void sweep_outbox(Ledger& ledger, FileSystem& fs, Journal& journal, const std::string& home);

}  // namespace courier
