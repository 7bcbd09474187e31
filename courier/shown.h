// What several nouns show: jobs, histories and ranges as facts and as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/vocabulary.h"
#include "courier/report.h"
#include "ledger/job_book.h"
#include "ledger/ledger.h"

namespace courier {

Json job_json(const JobRow& job);
// "PSE", "PSE/D1, PSE/D2".
std::string target_text(const SiteCode& site, const std::vector<std::string>& dps);
// "AAA, BBB, CCC and 17 more"
std::string some_of(const std::vector<SiteCode>& sites);
// "Install Pending, not created".
std::string job_state(const JobRow& job);
// How many of each verdict, in the order they first come.
using Tally = std::vector<std::pair<std::string, std::uint64_t>>;
void count_verdict(const std::optional<VerdictKind>& verdict, Tally& tally);
// "2 installed, 1 waiting".
std::string tally_text(const Tally& tally);
Json history_json(const std::vector<HistoryRow>& history);
std::string history_table(const std::vector<HistoryRow>& history);
std::string ranges_text(const std::vector<NumberRange>& ranges);
Json ranges_json(const std::vector<NumberRange>& ranges);

}  // namespace courier
