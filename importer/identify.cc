#include "importer/identify.h"

#include <algorithm>

#include "importer/offers.h"

namespace courier {
namespace {

// The worst of the statuses, when none of the offers can be received; see the header.
int status_of_all(const std::vector<Offer>& offers, bool has_home) {
  if (offers.empty()) return row_of(ErrorCode::not_found).exit_status;
  bool for_us = false, unreadable = false;
  int worst = 0, unreadable_status = 0;
  for (const Offer& offer : offers) {
    if (is_for_us(offer)) {
      for_us = true;
      const int status = status_of(offer);
      if (status == 0) return 0;
      if (worst == 0) worst = status;
    } else if (offer.standing == Standing::unreadable) {
      unreadable = true;
      unreadable_status = status_of(offer);
    }
  }
  if (for_us) return worst;
  if (unreadable) return unreadable_status;
  const bool all_own = std::all_of(offers.begin(), offers.end(), [](const Offer& offer) {
    return offer.standing == Standing::own;
  });
  if (all_own || !has_home) return 0;
  return row_of(ErrorCode::not_addressed).exit_status;
}

}  // namespace

IdentifyReport identify(FileSystem& fs, const std::string& source,
                        const std::optional<IdentifyHome>& home) {
  IdentifyReport report;
  for (OpenOffer& open : read_offers(fs, source, home)) {
    report.offers.push_back(std::move(open.offer));
  }
  report.exit_status = status_of_all(report.offers, home.has_value());
  return report;
}

}  // namespace courier
