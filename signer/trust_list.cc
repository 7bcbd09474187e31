#include "signer/trust_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/durable.h"
#include "base/error.h"
#include "signer/folder_lock.h"
#include "signer/rights.h"
#include "signer/trust_changes.h"
#include "signer/trust_file.h"

namespace courier {

namespace {

constexpr char kFileName[] = "trust_list";

std::string folder_of(const std::string& home) { return home + "/trust"; }
std::string path_of(const std::string& home) { return folder_of(home) + "/" + kFileName; }

std::string about(const SiteCode& code) { return "site " + code.str(); }

Error not_joined(const SiteCode& code) {
  return Error(ErrorCode::not_found, about(code), "is not joined here")
      .with_hint(
          fmt::format("run 'courier site join {}.site --as parent|child|peer' first", code.str()));
}

// Two sites never share a key; else one could speak for the other.
void check_keys_are_its_own(const std::vector<TrustedSite>& sites, const SiteIdentity& identity,
                            const std::string& subject) {
  for (const TrustedSite& other : sites) {
    const bool has_key = std::ranges::any_of(other.keys, [&](const TrustedKey& key) {
      return key.keys.signing == identity.keys.signing || key.keys.sealing == identity.keys.sealing;
    });
    if (other.code != identity.code && has_key) {
      throw Error(ErrorCode::not_trusted, subject,
                  fmt::format("holds a key of site {}", other.code.str()))
          .with_loss("nothing was changed")
          .with_hint("two sites never share a key: ask who made this file");
    }
  }
}

// Throws unless the fingerprint given, if any, is this one.
void check_decision(const std::string& subject, const Fingerprint& fingerprint,
                    const JoinDecision& decision) {
  if (!decision.fingerprint) return;
  std::string problem = "has another fingerprint than the one given";
  try {
    if (fingerprint.matches(*decision.fingerprint)) return;
  } catch (const Error& e) {
    problem += ", which " + e.happened();
  }
  throw Error(ErrorCode::not_trusted, subject, problem)
      .with_loss("nothing was changed")
      .with_hint(fmt::format("its fingerprint is '{}': compare it with what that site says",
                             fingerprint.words()));
}

// nullopt when there is none: an empty file is a damaged list, not an empty one.
std::optional<Bytes> read_list(FileSystem& fs, const std::string& home) {
  try {
    return read_file(fs, path_of(home), kMaxTrustFileSize);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::not_found) return std::nullopt;
    throw;
  }
}

TrustedSite& at(std::vector<TrustedSite>& sites, const SiteCode& code) {
  const auto found = std::ranges::find(sites, code, &TrustedSite::code);
  if (found == sites.end()) throw not_joined(code);
  return *found;
}

}  // namespace

std::string_view word(KeyStatus status) {
  switch (status) {
    case KeyStatus::current:
      return "current";
    case KeyStatus::previous:
      return "previous";
    case KeyStatus::revoked:
      return "revoked";
    case KeyStatus::lost:
      return "lost";
  }
  bug("a key has a status without a word");
}

const TrustedKey* TrustedSite::current_key() const {
  const auto found = std::ranges::find(keys, KeyStatus::current, &TrustedKey::status);
  return found == keys.end() ? nullptr : &*found;
}

const TrustedKey* TrustedSite::find_key(const PublicKey& signing) const {
  const auto found = std::ranges::find_if(
      keys, [&](const TrustedKey& key) { return key.keys.signing == signing; });
  return found == keys.end() ? nullptr : &*found;
}

TrustList::TrustList(FileSystem& fs, std::string home, SiteCode self, const Clock& clock)
    : fs_(&fs), home_(std::move(home)), self_(std::move(self)), clock_(&clock) {}

TrustList TrustList::load(FileSystem& fs, const std::string& home, const SiteCode& self,
                          const Clock& clock) {
  TrustList list(fs, home, self, clock);
  list.reload();
  return list;
}

void TrustList::reload() {
  const std::optional<Bytes> file = read_list(*fs_, home_);
  sites_ =
      file ? parse_trust_file(*file, "trust list " + path_of(home_)) : std::vector<TrustedSite>();
}

// Applies a change to the list as it is on disk now; the file first, then memory. apply(next, now)
// sees the list as it was in sites_.
template <typename Change>
auto TrustList::change(Change apply) {
  const Fd dir = make_dirs(*fs_, folder_of(home_), 0700);
  const FolderLock lock(dir);
  reload();
  std::vector<TrustedSite> next = sites_;
  const auto result = apply(next, from_seconds(to_seconds(clock_->now())));
  if (next != sites_) {
    write_durably(*fs_, dir, kFileName, encode_trust_file(next), Replace::always, 0600);
    sites_ = std::move(next);
  }
  return result;
}

const TrustedSite* TrustList::find(const SiteCode& code) const {
  const auto found = std::ranges::find(sites_, code, &TrustedSite::code);
  return found == sites_.end() ? nullptr : &*found;
}

const TrustedSite& TrustList::require(const SiteCode& code) const {
  const TrustedSite* site = find(code);
  if (site == nullptr) throw not_joined(code);
  return *site;
}

const TrustedSite* TrustList::parent() const {
  const auto found = std::ranges::find(sites_, SiteRole::parent, &TrustedSite::role);
  return found == sites_.end() ? nullptr : &*found;
}

std::optional<Signer> TrustList::find_signer(const PublicKey& signing) const {
  for (const TrustedSite& site : sites_) {
    if (const TrustedKey* key = site.find_key(signing)) return Signer{&site, key};
  }
  return std::nullopt;
}

Signer TrustList::require_signer(const SiteCode& code, const PublicKey& signing,
                                 const std::string& subject) const {
  const std::optional<Signer> signer = find_signer(signing);
  if (!signer && find(code) == nullptr) {
    throw Error(ErrorCode::no_key, subject,
                fmt::format("is from site {}, which is not joined here", code.str()))
        .with_hint(fmt::format("join it with 'courier site join {}.site --as {}'; what came is"
                               " then tried again",
                               code.str(),
                               parent() == nullptr ? "parent|child|peer" : "child|peer"));
  }
  if (!signer) {
    throw Error(ErrorCode::no_key, subject,
                fmt::format("is signed by a key of site {} that is not known here", code.str()))
        .with_hint(fmt::format("get {0}.site from site {0} and accept it with 'courier site join"
                               " {0}.site --as {1} --fingerprint WORDS'; what came is then tried"
                               " again",
                               code.str(), word(find(code)->role)));
  }
  if (signer->site->code != code) {
    throw Error(ErrorCode::not_trusted, subject,
                fmt::format("says it is from site {}, but is signed by a key of site {}",
                            code.str(), signer->site->code.str()));
  }
  if (!counts(signer->key->status)) {
    throw Error(ErrorCode::revoked, subject,
                fmt::format("is signed by a {} key of site {} (since {}; fingerprint {})",
                            word(signer->key->status), code.str(), iso8601(signer->key->since),
                            signer->site->fingerprint_of(*signer->key).words()));
  }
  return *signer;
}

JoinOutcome TrustList::join(const SiteIdentity& identity, SiteRole role,
                            const JoinDecision& decision) {
  if (role == SiteRole::self) bug("a site is joined as itself");
  const std::string subject = "identity file of " + about(identity.code);
  if (identity.code == self_) {
    throw Error(ErrorCode::not_allowed, subject, "is this site's own")
        .with_hint("join the identity file of another site");
  }
  check_decision(subject, identity.fingerprint(), decision);
  return change([&](std::vector<TrustedSite>& next, Time now) {
    check_keys_are_its_own(sites_, identity, subject);
    if (role == SiteRole::parent && parent() != nullptr && parent()->code != identity.code) {
      throw Error(ErrorCode::not_allowed, about(identity.code),
                  fmt::format("cannot be the parent: site {} is", parent()->code.str()))
          .with_hint(
              fmt::format("join site {} again as child or peer first", parent()->code.str()));
    }
    auto place = std::ranges::lower_bound(next, identity.code, {}, &TrustedSite::code);
    JoinOutcome outcome = JoinOutcome::added;
    if (place == next.end() || place->code != identity.code) {
      TrustedSite added;
      added.code = identity.code;
      added.incarnation = identity.incarnation;
      added.joined = now;
      added.keys.push_back({identity.keys, identity.key_generation, KeyStatus::current, now});
      place = next.insert(place, std::move(added));
    } else {
      outcome = rejoin(*place, identity,
                       path_to(identity.code, identity.succession, &identity.keys.signing),
                       decision.fingerprint.has_value(), now);
    }
    take_over(*place, identity, role);
    return outcome;
  });
}

// The keys that certificates lead to, none when another site has one of them: a key that is
// somebody else's is nobody's to hand on.
std::vector<TrustedKey> TrustList::path_to(const SiteCode& code,
                                           std::span<const Bytes> certificates,
                                           const PublicKey* until) const {
  std::vector<TrustedKey> path = follow_succession(require(code), certificates, until);
  for (const TrustedKey& step : path) {
    if (find_signer(step.keys.signing)) return {};
  }
  return path;
}

std::optional<TrustedKey> TrustList::vouched_key(const SiteCode& code,
                                                 std::span<const Bytes> certificates,
                                                 const PublicKey& signing) const {
  if (find(code) == nullptr) return std::nullopt;
  const std::vector<TrustedKey> path = path_to(code, certificates, &signing);
  if (path.empty() || path.back().keys.signing != signing) return std::nullopt;
  return path.back();
}

std::size_t TrustList::accept_rotation(const SiteCode& code, std::span<const Bytes> certificates) {
  // Mostly there is nothing new: then nothing is locked.
  if (find(code) == nullptr || path_to(code, certificates, nullptr).empty()) return 0;
  return change([&](std::vector<TrustedSite>& next, Time now) {
    const std::vector<TrustedKey> path = path_to(code, certificates, nullptr);
    for (const TrustedKey& step : path)
      make_current(at(next, code), step, KeyStatus::previous, now);
    return path.size();
  });
}

IncarnationOrder TrustList::judge_incarnation(const SiteCode& code,
                                              const Incarnation& incarnation) const {
  return order_of(require(code), incarnation);
}

IncarnationOrder TrustList::see_incarnation(const SiteCode& code, const Incarnation& incarnation) {
  const IncarnationOrder known = judge_incarnation(code, incarnation);
  if (known != IncarnationOrder::newer) return known;
  return change([&](std::vector<TrustedSite>& next, Time) {
    const IncarnationOrder order = judge_incarnation(code, incarnation);
    if (order == IncarnationOrder::newer) make_incarnation_current(at(next, code), incarnation);
    return order;
  });
}

std::vector<Fingerprint> TrustList::revoke(std::string_view code_or_fingerprint) {
  const auto code = SiteCode::try_parse(code_or_fingerprint);
  if (!code && !looks_like_fingerprint(code_or_fingerprint)) {
    throw Error(ErrorCode::usage, "'" + escaped(code_or_fingerprint.substr(0, 200)) + "'",
                "is neither a site code nor a fingerprint");
  }
  return change([&](std::vector<TrustedSite>& next, Time now) {
    if (code) require(*code);
    std::vector<Fingerprint> revoked;
    bool found = code.has_value();
    for (TrustedSite& site : next) {
      if (code && site.code != *code) continue;
      for (TrustedKey& key : site.keys) {
        if (!code && !site.fingerprint_of(key).matches(code_or_fingerprint)) continue;
        found = true;
        if (!counts(key.status)) continue;
        key.status = KeyStatus::revoked;
        key.since = now;
        revoked.push_back(site.fingerprint_of(key));
      }
    }
    if (!found) {
      throw Error(ErrorCode::not_found, "fingerprint", "is of no key that is known here")
          .with_hint("'courier site list' shows the keys that are");
    }
    return revoked;
  });
}

bool TrustList::revoke_key(const SiteCode& code, const PublicKey& signing) {
  return change([&](std::vector<TrustedSite>& next, Time now) {
    TrustedSite& site = at(next, code);
    const auto key = std::ranges::find_if(
        site.keys, [&](const TrustedKey& k) { return k.keys.signing == signing; });
    if (key == site.keys.end()) {
      throw Error(ErrorCode::not_found, "key of " + about(code), "is not known here");
    }
    if (!counts(key->status)) return false;
    key->status = KeyStatus::revoked;
    key->since = now;
    return true;
  });
}

void TrustList::grant(const SiteCode& code, const std::string& prefix) {
  if (!is_package_prefix(prefix)) {
    throw Error(ErrorCode::usage, "prefix '" + escaped(prefix.substr(0, 80)) + "'",
                "is no beginning of a package ID: a site code and up to 5 hexadecimal digits");
  }
  change([&](std::vector<TrustedSite>& next, Time) {
    std::vector<std::string>& prefixes = at(next, code).granted_prefixes;
    const auto place = std::ranges::lower_bound(prefixes, prefix);
    if (place != prefixes.end() && *place == prefix) return false;
    if (prefixes.size() >= kMaxGrants) {
      throw Error(
          ErrorCode::not_allowed, about(code),
          fmt::format("has {} prefixes granted already, the most there can be", kMaxGrants));
    }
    prefixes.insert(place, prefix);
    return true;
  });
}

void TrustList::note_capabilities(const SiteCode& code, std::uint16_t format_version,
                                  std::uint64_t features) {
  const TrustedSite& site = require(code);
  if (site.format_version == format_version && site.features == features) return;
  change([&](std::vector<TrustedSite>& next, Time) {
    TrustedSite& changed = at(next, code);
    changed.format_version = format_version;
    changed.features = features;
    return true;
  });
}

Bytes TrustList::copy_of_file() const {
  const std::optional<Bytes> file = read_list(*fs_, home_);
  return file ? *file : encode_trust_file({});
}

void TrustList::check_copy(ByteView copy) { parse_trust_file(copy, "trust list in the backup"); }

void TrustList::restore(FileSystem& fs, const std::string& home, ByteView copy) {
  check_copy(copy);
  const Fd dir = make_dirs(fs, folder_of(home), 0700);
  write_durably(fs, dir, kFileName, copy, Replace::always, 0600);
}

}  // namespace courier
