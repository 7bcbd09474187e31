// A site and the parent in its trust list, for the tests of this room.
#pragma once

#include "tests/unit/signer/site_home.h"

namespace courier::test {

inline const SiteCode kPun = SiteCode::parse("PUN");
inline const JoinDecision kTrust = JoinDecision::by_trust();

// PSE looks at PUN, its parent.
struct Pair {
  Pair() : pse("PSE"), pun("PUN"), list(pse.trust()) {}
  JoinOutcome join(const JoinDecision& decision = kTrust, SiteRole role = SiteRole::parent) {
    return list.join(pun.identity(), role, decision);
  }
  JoinOutcome join_by_fingerprint() {
    return join(JoinDecision::by_fingerprint(pun.ring.fingerprint().words()));
  }
  KeyStatus status_of(const PublicKey& signing) {
    const std::optional<Signer> signer = list.find_signer(signing);
    if (!signer) throw Error(ErrorCode::internal, "key", "is not known");
    return signer->key->status;
  }
  // What a label signed by this key comes to.
  ErrorCode refusal(const PublicKey& signing) {
    return error_of([&] { list.require_signer(kPun, signing, "parcel PUN-PSE-000001"); }).code();
  }
  bool accepts(const PublicKey& signing) {
    try {
      list.require_signer(kPun, signing, "parcel PUN-PSE-000001");
      return true;
    } catch (const Error&) {
      return false;
    }
  }
  // Every state must be the same when read again.
  void expect_same_on_disk() { EXPECT_EQ(pse.trust().sites(), list.sites()); }

  SiteHome pse, pun;
  TrustList list;
};

}  // namespace courier::test
