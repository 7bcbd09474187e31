#include "sender/targets.h"

#include <algorithm>

#include "base/error.h"
#include "ledger/dp_book.h"
#include "ledger/site_book.h"

namespace courier {
namespace {

Error not_joined(const SiteCode& site) {
  return Error(ErrorCode::not_found, "site " + site.str(), "it is not joined")
      .with_hint("courier site join " + site.str() +
                 ".site --as child; 'courier site list' shows which there are");
}

Target resolve(Ledger& ledger, const std::string& text) {
  SiteBook sites(ledger);
  DpBook dps(ledger);
  const SiteCode self = sites.self().code;
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos) {
    const auto code = SiteCode::try_parse(text.substr(0, slash));
    const std::string dp = text.substr(slash + 1);
    if (!code || dp.empty())
      throw Error(ErrorCode::usage, "target " + text, "is no SITE/DP").with_hint("--to PSE/D1");
    const auto site = sites.find(*code);
    if (!site || !site->joined_now) throw not_joined(*code);
    if (*code == self) dps.get(dp);  // of another site only that site knows its DPs
    return {*code, {dp}};
  }
  const auto code = SiteCode::try_parse(text);
  if (code) {
    const auto site = sites.find(*code);
    if (site && site->joined_now) return {*code, {}};
  }
  if (dps.find(text)) return {self, {text}};
  if (code) throw not_joined(*code);
  throw Error(ErrorCode::not_found, "target " + text,
              "it is neither a joined site nor a distribution point")
      .with_hint("courier site join or courier dp add");
}

void merge(Target& into, const Target& more) {
  if (into.dps.empty() || more.dps.empty()) {
    into.dps.clear();
    return;
  }
  for (const std::string& dp : more.dps)
    if (std::find(into.dps.begin(), into.dps.end(), dp) == into.dps.end()) into.dps.push_back(dp);
}

}  // namespace

std::vector<Target> resolve_targets(Ledger& ledger, const std::vector<std::string>& texts) {
  std::vector<Target> out;
  for (const std::string& text : texts) {
    Target target = resolve(ledger, text);
    const auto same = std::find_if(out.begin(), out.end(),
                                   [&](const Target& t) { return t.site == target.site; });
    if (same == out.end())
      out.push_back(std::move(target));
    else
      merge(*same, target);
  }
  // A job is for a set of DPs, whatever the order they were named in.
  for (Target& target : out) std::sort(target.dps.begin(), target.dps.end());
  return out;
}

}  // namespace courier
