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

void add_received(const ReceiveReport& received, Report& report);
void add_returns(const std::vector<WrittenReturn>& returns, Report& report);
void add_applied(const std::vector<AppliedReturn>& applied, Report& report);

}  // namespace courier
