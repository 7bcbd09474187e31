// What came in, as facts and text: parcels with their items, returns written, returns applied.
#pragma once

#include <vector>

#include "courier/report.h"
#include "importer/identify.h"
#include "importer/receive.h"
#include "sender/return_apply.h"

namespace courier {

Json offer_json(const Offer& offer);
// "listing" of one parcel on a medium, with its items.
std::string offer_text(const Offer& offer);

// source: the medium, for the message when not all of it was accepted.
void add_received(const ReceiveReport& received, const std::string& source, Report& report);
// "PUN-PSE-000001 is for PSE".
std::string for_whom(const Offer& offer);
void add_returns(const std::vector<WrittenReturn>& returns, Report& report);
void add_applied(const std::vector<AppliedReturn>& applied, Report& report);

}  // namespace courier
