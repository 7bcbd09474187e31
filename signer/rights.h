// Rights: what a joined site may ask of this one, by its role and the package prefixes granted to
// it.
//
// clang-format off
//   package, announcement, redistribute, remove   the parent, or a site granted the package's prefix
//   trust                                         the parent, or a site about its own keys
//   verdicts, request                             any joined site, about what was sent to it
// clang-format on
#pragma once

#include <string_view>

#include "base/vocabulary.h"
#include "signer/trust_list.h"

namespace courier {

// True when `from` may send this item. `package` is looked at for the package kinds only. A trust
// item is judged by may_send_trust; here it is allowed to the parent alone. A kind that is not in
// the closed list is never allowed.
bool may_send(const TrustedSite& from, ItemKind kind, const PackageId& package);

// True when `from` may change what is trusted about the site `about`.
bool may_send_trust(const TrustedSite& from, const SiteCode& about);

// A prefix of a package ID: a site code and up to 5 upper-case hexadecimal digits ("TEX", "TEX00").
bool is_package_prefix(std::string_view text);

}  // namespace courier
