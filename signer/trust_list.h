// TrustList: the sites this one has joined, their keys, roles and rights. Looked up by site code; a
// site may have several keys (B34). Kept in HOME/trust/trust_list, replaced atomically on each
// change. No change needs a second file, so a crash leaves the list before or the list after, both
// of them valid; when a function returns, its change is durable. Each change reads the file again
// under a lock of its own, so that a `site revoke` during a long `receive` is neither lost nor has
// to wait.
//
//   status of a key        becomes          by
//   (unknown)           →  current          join (new site; vouched for; or by fingerprint)
//   current             →  previous         accept_rotation, or join of vouched-for keys
//   current, previous   →  lost             join by fingerprint of keys that nothing vouches for
//   previous            →  current          join by fingerprint (a site restored from a backup)
//   current, previous   →  revoked          revoke
//   revoked and lost never change again.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/vocabulary.h"
#include "signer/public_keys.h"
#include "signer/rotation_certificate.h"
#include "signer/site_identity.h"

namespace courier {

enum class KeyStatus : std::uint8_t { current = 1, previous, revoked, lost };
std::string_view word(KeyStatus);

struct TrustedKey {
  PublicKeys keys;
  std::uint32_t generation = 1;
  KeyStatus status = KeyStatus::current;
  Time since;  // of this status

  auto operator<=>(const TrustedKey&) const = default;
};

struct TrustedSite {
  SiteCode code;
  std::string name;
  SiteRole role = SiteRole::peer;
  Incarnation incarnation;
  std::vector<Incarnation> earlier;  // seen, not current
  std::vector<TrustedKey> keys;      // in the order they were accepted
  std::vector<std::string> granted_prefixes;
  std::uint16_t format_version = 1;  // what its program reads, as last heard
  std::uint64_t features = 0;
  Time joined;

  auto operator<=>(const TrustedSite&) const = default;
  // nullptr when none is current: all revoked.
  const TrustedKey* current_key() const;
  const TrustedKey* find_key(const PublicKey& signing) const;
  Fingerprint fingerprint_of(const TrustedKey& key) const { return Fingerprint(code, key.keys); }
};

// How the operator decided to accept an identity.
struct JoinDecision {
  static JoinDecision by_trust() { return {}; }
  static JoinDecision by_fingerprint(std::string text) { return {std::move(text)}; }
  std::optional<std::string> fingerprint;  // none: --trust
};

enum class JoinOutcome {
  added,     // a new site
  known,     // these keys were current already; name, role and capabilities as in the file now
  rotated,   // new keys, vouched for by the ones known
  replaced,  // new keys, accepted by fingerprint; the ones before are lost
};

enum class IncarnationOrder { current, newer, older };

struct Signer {
  const TrustedSite* site;
  const TrustedKey* key;
};

class TrustList {
 public:
  // No file yet is an empty list. self: this site. Errors: damaged, unsupported, device.
  static TrustList load(FileSystem& fs, const std::string& home, const SiteCode& self,
                        const Clock& clock);

  // Reads the file again: what another courier changed meanwhile counts from here on. Pointers from
  // before are void, as after any change.
  void reload();

  const std::vector<TrustedSite>& sites() const { return sites_; }  // by code
  const TrustedSite* find(const SiteCode& code) const;
  // Errors: not_found, with the hint site join.
  const TrustedSite& require(const SiteCode& code) const;
  const TrustedSite* parent() const;

  // The site and key that made a signature, whatever the key's status.
  std::optional<Signer> find_signer(const PublicKey& signing) const;
  // The key, if a signature by it counts: current or previous.
  // Errors: no_key (the site is not joined, or has a key not known here: quarantine), not_trusted
  // (another site's key), revoked (revoked or lost, and which). `subject` is what was signed.
  Signer require_signer(const SiteCode& code, const PublicKey& signing,
                        const std::string& subject) const;

  // Accepts an identity (B36, B38).
  // Errors: not_trusted, when the fingerprint given is another one or none of ours, when keys that
  // nothing vouches for come with --trust, or a key belongs to another site; revoked, when the keys
  // are revoked or lost; not_allowed, when it is this site itself.
  JoinOutcome join(const SiteIdentity& identity, SiteRole role, const JoinDecision& decision);

  // The key `signing` if these certificates lead to it from the site's current key; changes
  // nothing. For a label that is only looked at.
  std::optional<TrustedKey> vouched_key(const SiteCode& code, std::span<const Bytes> certificates,
                                        const PublicKey& signing) const;
  // Follows the certificates from the site's current key as far as they go; the last becomes
  // current. Returns how many rotations were accepted; unknown or unrelated certificates are not an
  // error. Errors: unsupported, damaged.
  std::size_t accept_rotation(const SiteCode& code, std::span<const Bytes> certificates);

  // An incarnation in a label whose signature was verified. One not seen before with an ordinal not
  // below the current one's becomes current; one seen before, or with a lower ordinal, is older.
  IncarnationOrder see_incarnation(const SiteCode& code, const Incarnation& incarnation);
  // The same answer without the change.
  IncarnationOrder judge_incarnation(const SiteCode& code, const Incarnation& incarnation) const;

  // Stops trusting a site's keys, all of them (code) or one (fingerprint). Returns the keys that
  // were revoked now; revoking again returns none. Errors: not_found; usage, when it is neither.
  std::vector<Fingerprint> revoke(std::string_view code_or_fingerprint);

  // Stops trusting one key of a site. False when it was revoked before. Errors: not_found.
  bool revoke_key(const SiteCode& code, const PublicKey& signing);

  // Lets a site send packages with this prefix. Errors: not_found, usage.
  void grant(const SiteCode& code, const std::string& prefix);
  // What the site's program reads, from its last return.
  void note_capabilities(const SiteCode& code, std::uint16_t format_version,
                         std::uint64_t features);

  // The file's content, for a backup; restore writes it into a home without a list. Errors: as
  // load.
  Bytes copy_of_file() const;
  static void check_copy(ByteView copy);
  static void restore(FileSystem& fs, const std::string& home, ByteView copy);

 private:
  TrustList(FileSystem& fs, std::string home, SiteCode self, const Clock& clock);
  std::vector<TrustedKey> path_to(const SiteCode& code, std::span<const Bytes> certificates,
                                  const PublicKey* until) const;
  template <typename Change>
  auto change(Change apply);

  FileSystem* fs_;
  std::string home_;
  SiteCode self_;
  const Clock* clock_;
  std::vector<TrustedSite> sites_;
};

}  // namespace courier
