// Returned rows: a return report as rows of the ledger, which sender/return_apply acts on next.
#pragma once

#include "ledger/return_book.h"
#include "ledger/status_log.h"
#include "parcel/label.h"
#include "parcel/return_report.h"

namespace courier {

// `label`, `label_digest`, `id`: of the verified parcel that carried the report.
ReceivedReturn to_rows(const ReturnReport& report, const Label& label, const Digest& label_digest,
                       const ParcelId& id);
std::vector<StatusMessage> to_messages(const ReturnReport& report, const SiteCode& site);

// Between the two forms of a set of numbers.
std::vector<NumberRange> to_numbers(const RecordRanges& ranges);
RecordRanges to_records(const std::vector<NumberRange>& numbers);

}  // namespace courier
