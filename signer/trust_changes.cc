#include "signer/trust_changes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "signer/rotation_certificate.h"
#include "signer/trust_file.h"

namespace courier {

namespace {

void set_status(TrustedKey& key, KeyStatus status, Time now) {
  key.status = status;
  key.since = now;
}

// When a list is full, the keys that count longest for nothing go; what is revoked or lost stays
// longer than what was only replaced.
void add_key(TrustedSite& site, TrustedKey key) {
  if (site.keys.size() >= kMaxKeysPerSite) {
    auto oldest = std::ranges::find(site.keys, KeyStatus::previous, &TrustedKey::status);
    site.keys.erase(oldest != site.keys.end() ? oldest : site.keys.begin());
  }
  site.keys.push_back(key);
}

}  // namespace

bool counts(KeyStatus status) {
  return status == KeyStatus::current || status == KeyStatus::previous;
}

std::vector<TrustedKey> follow_succession(const TrustedSite& site,
                                          std::span<const Bytes> certificates,
                                          const PublicKey* until) {
  std::vector<TrustedKey> path;
  const TrustedKey* from = site.current_key();
  if (from == nullptr) return path;
  TrustedKey at = *from;
  for (const RotationCertificate& certificate : parse_succession(certificates)) {
    if (!certificate.is_vouched_by(site.code, at.keys)) continue;
    if (certificate.new_generation <= at.generation ||
        site.find_key(certificate.new_keys.signing) != nullptr) {
      continue;
    }
    at.keys = certificate.new_keys;
    at.generation = certificate.new_generation;
    path.push_back(at);
    if (until != nullptr && at.keys.signing == *until) break;
  }
  return path;
}

void make_current(TrustedSite& site, const TrustedKey& next, KeyStatus status_of_old, Time now) {
  for (TrustedKey& key : site.keys) {
    const bool is_replaced = key.status == KeyStatus::current ||
                             (status_of_old == KeyStatus::lost && counts(key.status));
    if (is_replaced && key.keys.signing != next.keys.signing) set_status(key, status_of_old, now);
  }
  std::erase_if(site.keys,
                [&](const TrustedKey& key) { return key.keys.signing == next.keys.signing; });
  TrustedKey current = next;
  set_status(current, KeyStatus::current, now);
  add_key(site, current);
}

void make_incarnation_current(TrustedSite& site, const Incarnation& incarnation) {
  if (site.incarnation == incarnation) return;
  site.earlier.push_back(site.incarnation);
  std::erase(site.earlier, incarnation);
  site.incarnation = incarnation;
  // One with a lower ordinal is older whether it was seen or not, so it need not be remembered.
  if (site.earlier.size() > kMaxEarlierIncarnations / 2) {
    std::erase_if(site.earlier, [&](const Incarnation& earlier) {
      return earlier.ordinal < incarnation.ordinal;
    });
  }
  if (site.earlier.size() > kMaxEarlierIncarnations) {
    throw Error(ErrorCode::not_trusted, "site " + site.code.str(),
                fmt::format("has come in {} incarnations of one ordinal", site.earlier.size()))
        .with_hint("ask that site what it does; it should be restored or made anew");
  }
}

IncarnationOrder order_of(const TrustedSite& site, const Incarnation& incarnation) {
  if (incarnation == site.incarnation) return IncarnationOrder::current;
  if (incarnation.ordinal < site.incarnation.ordinal) return IncarnationOrder::older;
  if (std::ranges::find(site.earlier, incarnation) != site.earlier.end()) {
    return IncarnationOrder::older;
  }
  return IncarnationOrder::newer;
}

void take_over(TrustedSite& site, const SiteIdentity& identity, SiteRole role) {
  site.name = identity.name;
  site.role = role;
  site.format_version = identity.format_version;
  site.features = identity.features;
}

JoinOutcome rejoin(TrustedSite& site, const SiteIdentity& identity,
                   const std::vector<TrustedKey>& path, bool by_fingerprint, Time now) {
  const std::string subject = "identity file of site " + site.code.str();
  const TrustedKey key{identity.keys, identity.key_generation, KeyStatus::current, now};
  const TrustedKey* known = site.find_key(key.keys.signing);
  if (known != nullptr && known->keys != key.keys) {
    throw Error(ErrorCode::not_trusted, subject,
                "has a known signing key with another sealing key");
  }
  if (known != nullptr && !counts(known->status)) {
    throw Error(ErrorCode::revoked, subject, fmt::format("holds a {} key", word(known->status)))
        .with_loss("nothing was changed")
        .with_hint(fmt::format("site {} makes new keys with 'site rotate-key --lost' and"
                               " exports them again",
                               site.code.str()));
  }
  if (known != nullptr && known->status == KeyStatus::current) {
    if (order_of(site, identity.incarnation) == IncarnationOrder::newer) {
      make_incarnation_current(site, identity.incarnation);
    }
    return JoinOutcome::known;
  }
  if (known == nullptr && !path.empty() && path.back().keys == key.keys) {
    for (const TrustedKey& step : path) make_current(site, step, KeyStatus::previous, now);
    if (order_of(site, identity.incarnation) == IncarnationOrder::newer) {
      make_incarnation_current(site, identity.incarnation);
    }
    return JoinOutcome::rotated;
  }
  if (!by_fingerprint) {
    throw Error(ErrorCode::not_trusted, subject,
                known != nullptr ? "holds keys that were replaced by newer ones"
                                 : "holds new keys that the known ones do not vouch for")
        .with_loss("nothing was changed")
        .with_hint(fmt::format(
            "ask site {} for its fingerprint and accept it with --fingerprint; this file's is '{}'",
            site.code.str(), identity.fingerprint().words()));
  }
  // A person said that this is the site now: its incarnation is too, whatever came before.
  make_current(site, key, KeyStatus::lost, now);
  make_incarnation_current(site, identity.incarnation);
  return JoinOutcome::replaced;
}

}  // namespace courier
