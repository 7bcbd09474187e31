// Records of a parcel in words: which are missing, damaged, or not its sender's. Not for other
// rooms.
#pragma once

#include <string>

#include "importer/receive.h"
#include "ledger/incoming_book.h"

namespace courier {

// "3-5, 9 and all after it": the first few ranges.
std::string list_of(const RecordRanges& ranges);
// "record 1 is", "records 2 and all after it are".
std::string named_records(const RecordRanges& ranges);
// What is missing and not merely without its base.
RecordRanges damaged_of(const ReceivedParcelReport& report);
// "records damaged: 3-5; without their base: 7".
std::string told_of(const ReceivedParcelReport& report);
// "record 7 builds on content that is not here (object 12ab: is not in the store)".
std::string what_lacks_base(const ReceivedParcelReport& report);
// Damage and forgery are two causes and are told apart.
std::string what_is_missing(const ReceivedParcelReport& report);
// "2 records, 72 bytes between records, its end": what is not as written, in a parcel that is in.
std::string needless_damage(const ReceivedParcelReport& report);
// Without a count what follows the last one is missing, too.
RecordRanges missing_of(const IncomingParcel& parcel);

}  // namespace courier
