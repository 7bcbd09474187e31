// What may become of one site's entry in the trust list, as functions on the value: TrustList looks
// the site up, calls these on a copy, and keeps the copy once it is durable.
#pragma once

#include <span>
#include <vector>

#include "signer/trust_list.h"

namespace courier {

// True for the keys whose signatures are accepted: current and previous.
bool counts(KeyStatus status);

// The keys that the certificates lead to from the site's current key, in order, up to `until` (if
// given) or as far as they go. A key that was replaced, revoked or lost vouches for nobody: whoever
// finds an old key cannot move the site to keys of his own. Errors: damaged, unsupported.
std::vector<TrustedKey> follow_succession(const TrustedSite& site,
                                          std::span<const Bytes> certificates,
                                          const PublicKey* until);

// Makes `next` the current key. status_of_old: previous (the current key becomes that) or lost (the
// current and the previous ones do).
void make_current(TrustedSite& site, const TrustedKey& next, KeyStatus status_of_old, Time now);

// One not seen before with an ordinal not below the current one's is newer; one seen before, or
// with a lower ordinal, is older.
IncarnationOrder order_of(const TrustedSite& site, const Incarnation& incarnation);

// Whatever its order. Errors: not_trusted, when there were more of one ordinal than are remembered.
void make_incarnation_current(TrustedSite& site, const Incarnation& incarnation);

// Name, role and capabilities as the file says, whatever its keys.
void take_over(TrustedSite& site, const SiteIdentity& identity, SiteRole role);

// Accepts an identity of a site that is known, or throws. path: where its succession leads from the
// site's current key. Errors: not_trusted, revoked. Source: behaviours.md B36, B38.
JoinOutcome rejoin(TrustedSite& site, const SiteIdentity& identity,
                   const std::vector<TrustedKey>& path, bool by_fingerprint, Time now);

}  // namespace courier
