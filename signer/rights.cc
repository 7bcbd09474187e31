#include "signer/rights.h"

#include <algorithm>

namespace courier {

namespace {

bool is_granted(const TrustedSite& from, const PackageId& package) {
  return std::ranges::any_of(from.granted_prefixes, [&](const std::string& prefix) {
    return !prefix.empty() && package.str().starts_with(prefix);
  });
}

}  // namespace

bool may_send(const TrustedSite& from, ItemKind kind, const PackageId& package) {
  switch (kind) {
    case ItemKind::package:
    case ItemKind::announcement:
    case ItemKind::redistribute:
    case ItemKind::remove:
      return from.role == SiteRole::parent || is_granted(from, package);
    case ItemKind::trust:
      return from.role == SiteRole::parent;
    case ItemKind::verdicts:
    case ItemKind::request:
      return true;
  }
  return false;  // a kind of a later courier
}

bool may_send_trust(const TrustedSite& from, const SiteCode& about) {
  return from.role == SiteRole::parent || from.code == about;
}

bool is_package_prefix(std::string_view text) {
  if (text.size() < 3 || text.size() > 8 || !SiteCode::try_parse(text.substr(0, 3))) return false;
  return std::ranges::all_of(
      text.substr(3), [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); });
}

}  // namespace courier
