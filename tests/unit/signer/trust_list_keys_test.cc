// Keys of a site that are replaced, lost or revoked.
#include <gtest/gtest.h>

#include "signer/trust_list.h"
#include "tests/unit/signer/trust_pair.h"

namespace courier::test {
namespace {

TEST(TrustListRotation, IsAcceptedFromACertificateInALabel) {
  Pair p;
  p.join();
  const PublicKey old = p.pun.ring.public_keys().signing;
  p.pun.ring.rotate();
  const PublicKey fresh = p.pun.ring.public_keys().signing;
  const std::vector<Bytes>& certificates = p.pun.ring.rotation_certificates();

  EXPECT_EQ(p.refusal(fresh), ErrorCode::no_key);
  const std::optional<TrustedKey> vouched = p.list.vouched_key(kPun, certificates, fresh);
  ASSERT_TRUE(vouched.has_value());
  EXPECT_EQ(vouched->keys, p.pun.ring.public_keys());
  EXPECT_EQ(p.refusal(fresh), ErrorCode::no_key) << "looking must change nothing";

  EXPECT_EQ(p.list.accept_rotation(kPun, certificates), 1u);
  EXPECT_EQ(p.status_of(fresh), KeyStatus::current);
  EXPECT_EQ(p.status_of(old), KeyStatus::previous);
  EXPECT_TRUE(p.accepts(fresh));
  EXPECT_TRUE(p.accepts(old)) << "parcels on the road were signed with it";
  EXPECT_EQ(p.list.accept_rotation(kPun, certificates), 0u) << "twice is once";
  p.expect_same_on_disk();
}

TEST(TrustListRotation, IsFollowedOverSeveralSteps) {
  Pair p;
  p.join();
  for (int i = 0; i < 5; ++i) p.pun.ring.rotate();
  const std::vector<Bytes>& certificates = p.pun.ring.rotation_certificates();
  EXPECT_TRUE(p.list.vouched_key(kPun, certificates, p.pun.ring.public_keys().signing));
  EXPECT_EQ(p.list.accept_rotation(kPun, certificates), 5u);
  EXPECT_EQ(p.list.require(kPun).current_key()->keys, p.pun.ring.public_keys());
  EXPECT_EQ(p.list.require(kPun).current_key()->generation, 6u);
  EXPECT_EQ(p.list.require(kPun).keys.size(), 6u);
  p.expect_same_on_disk();
}

TEST(TrustListRotation, WithAMissingStepIsNotFollowed) {
  Pair p;
  p.join();
  p.pun.ring.rotate();
  p.pun.ring.rotate();
  const std::vector<Bytes> last_only = {p.pun.ring.rotation_certificates()[1]};
  EXPECT_EQ(p.list.accept_rotation(kPun, last_only), 0u);
  EXPECT_FALSE(p.list.vouched_key(kPun, last_only, p.pun.ring.public_keys().signing));
  EXPECT_EQ(p.refusal(p.pun.ring.public_keys().signing), ErrorCode::no_key);
}

TEST(TrustListRotation, OfAnotherSiteOrAStrangerIsNotAccepted) {
  Pair p;
  SiteHome tex("TEX"), stranger("PUN", 99);
  p.join();
  p.list.join(tex.identity(), SiteRole::peer, kTrust);
  tex.ring.rotate();
  stranger.ring.rotate();
  EXPECT_EQ(p.list.accept_rotation(kPun, tex.ring.rotation_certificates()), 0u);
  EXPECT_EQ(p.list.accept_rotation(kPun, stranger.ring.rotation_certificates()), 0u);
  EXPECT_EQ(p.list.accept_rotation(SiteCode::parse("NEV"), tex.ring.rotation_certificates()), 0u);
  EXPECT_EQ(p.list.accept_rotation(kPun, {}), 0u);
}

// Somebody finds a key that was replaced and signs himself in with it.
TEST(TrustListRotation, SignedByAReplacedKeyIsNotAccepted) {
  Pair p;
  p.join();
  const Secret stolen = p.pun.ring.copy_of_file();
  p.pun.ring.rotate();
  p.list.accept_rotation(kPun, p.pun.ring.rotation_certificates());

  TempFolder folder;
  SeededEntropy entropy(555);
  KeyRing thief = KeyRing::restore(p.pun.fs, folder.path(), stolen.view(), p.pun.ring.incarnation(),
                                   entropy, p.pun.clock);
  thief.rotate();
  EXPECT_EQ(p.list.accept_rotation(kPun, thief.rotation_certificates()), 0u);
  EXPECT_FALSE(
      p.list.vouched_key(kPun, thief.rotation_certificates(), thief.public_keys().signing));
  EXPECT_EQ(p.list.require(kPun).current_key()->keys, p.pun.ring.public_keys());
  const SiteIdentity identity = SiteIdentity::parse(thief.export_identity(1, 0));
  EXPECT_EQ(error_of([&] { p.list.join(identity, SiteRole::parent, kTrust); }).code(),
            ErrorCode::not_trusted);
}

TEST(TrustListRotation, ThatIsNoCertificateIsDamaged) {
  Pair p;
  p.join();
  const std::vector<Bytes> rubbish = {to_bytes(as_bytes("\x01\x01rubbish"))};
  EXPECT_EQ(error_of([&] { p.list.accept_rotation(kPun, rubbish); }).code(), ErrorCode::damaged);
}

TEST(TrustListRotation, IsAcceptedFromAnIdentityFileToo) {
  Pair p;
  p.join();
  const PublicKey old = p.pun.ring.public_keys().signing;
  p.pun.ring.rotate();
  p.pun.ring.rotate();
  EXPECT_EQ(p.join(), JoinOutcome::rotated);
  EXPECT_EQ(p.status_of(old), KeyStatus::previous);
  EXPECT_EQ(p.list.require(kPun).current_key()->generation, 3u);
}

TEST(TrustListRotation, BackToAReplacedKeyTakesAFingerprint) {
  Pair p;
  p.join();
  const SiteIdentity old = p.pun.identity();
  p.pun.ring.rotate();
  p.join();
  const Error e = error_of([&] { p.list.join(old, SiteRole::parent, kTrust); });
  EXPECT_EQ(e.code(), ErrorCode::not_trusted);
  EXPECT_EQ(e.happened(), "holds keys that were replaced by newer ones");
  // A site restored from a backup has its old keys again, and nothing else.
  EXPECT_EQ(
      p.list.join(old, SiteRole::parent, JoinDecision::by_fingerprint(old.fingerprint().words())),
      JoinOutcome::replaced);
  EXPECT_EQ(p.status_of(old.keys.signing), KeyStatus::current);
  EXPECT_EQ(p.status_of(p.pun.ring.public_keys().signing), KeyStatus::lost);
  p.expect_same_on_disk();
}

TEST(TrustListLost, TakesAFingerprintAndRefusesTheOldKeysAfterwards) {
  Pair p;
  p.join();
  const PublicKey first = p.pun.ring.public_keys().signing;
  p.pun.ring.rotate();
  p.join();
  const PublicKey second = p.pun.ring.public_keys().signing;
  p.pun.ring.rotate_lost();
  const PublicKey fresh = p.pun.ring.public_keys().signing;

  EXPECT_EQ(p.refusal(fresh), ErrorCode::no_key);
  const Error e = error_of([&] { p.join(); });
  EXPECT_EQ(e.code(), ErrorCode::not_trusted);
  EXPECT_EQ(e.exit_status(), 3);
  EXPECT_EQ(std::string(e.what()),
            "identity file of site PUN: holds new keys that the known ones do not vouch for");
  EXPECT_NE(e.hint().find("--fingerprint"), std::string::npos);
  EXPECT_TRUE(p.accepts(second));

  EXPECT_EQ(p.join_by_fingerprint(), JoinOutcome::replaced);
  EXPECT_TRUE(p.accepts(fresh));
  EXPECT_EQ(p.status_of(first), KeyStatus::lost);
  EXPECT_EQ(p.status_of(second), KeyStatus::lost);
  EXPECT_EQ(p.refusal(first), ErrorCode::revoked);
  const Error lost =
      error_of([&] { p.list.require_signer(kPun, second, "parcel PUN-PSE-000001"); });
  EXPECT_EQ(lost.exit_status(), 3);
  EXPECT_NE(lost.happened().find("is signed by a lost key of site PUN"), std::string::npos);
  p.expect_same_on_disk();
}

TEST(TrustListLost, DoesNotTakeALostKeyBack) {
  Pair p;
  p.join();
  const SiteIdentity old = p.pun.identity();
  p.pun.ring.rotate_lost();
  p.join_by_fingerprint();
  const Error e = error_of([&] {
    p.list.join(old, SiteRole::parent, JoinDecision::by_fingerprint(old.fingerprint().words()));
  });
  EXPECT_EQ(e.code(), ErrorCode::revoked);
  EXPECT_EQ(std::string(e.what()), "identity file of site PUN: holds a lost key");
}

TEST(TrustListRevoke, OfOneKeyByItsFingerprint) {
  Pair p;
  p.join();
  const Fingerprint old = p.pun.ring.fingerprint();
  const PublicKey old_key = p.pun.ring.public_keys().signing;
  p.pun.ring.rotate();
  p.join();
  EXPECT_EQ(p.list.revoke(old.words()), std::vector<Fingerprint>{old});
  EXPECT_EQ(p.refusal(old_key), ErrorCode::revoked);
  EXPECT_NE(error_of([&] { p.list.require_signer(kPun, old_key, "x"); })
                .happened()
                .find("is signed by a revoked key of site PUN"),
            std::string::npos);
  EXPECT_TRUE(p.accepts(p.pun.ring.public_keys().signing));
  EXPECT_TRUE(p.list.revoke(old.hex()).empty()) << "twice is once";
  p.expect_same_on_disk();
}

TEST(TrustListRevoke, OfASiteTakesAllItsKeys) {
  Pair p;
  p.join();
  p.pun.ring.rotate();
  p.join();
  EXPECT_EQ(p.list.revoke("PUN").size(), 2u);
  EXPECT_EQ(p.list.require(kPun).current_key(), nullptr);
  EXPECT_EQ(p.refusal(p.pun.ring.public_keys().signing), ErrorCode::revoked);
  p.expect_same_on_disk();

  // A revoked key vouches for nobody, and is not joined again.
  const SiteIdentity revoked = p.pun.identity();
  p.pun.ring.rotate();
  EXPECT_EQ(p.list.accept_rotation(kPun, p.pun.ring.rotation_certificates()), 0u);
  EXPECT_EQ(error_of([&] { p.join(); }).code(), ErrorCode::not_trusted);
  EXPECT_EQ(error_of([&] {
              p.list.join(revoked, SiteRole::parent,
                          JoinDecision::by_fingerprint(revoked.fingerprint().words()));
            }).code(),
            ErrorCode::revoked);
  // New keys that people compared are.
  EXPECT_EQ(p.join_by_fingerprint(), JoinOutcome::replaced);
  EXPECT_TRUE(p.accepts(p.pun.ring.public_keys().signing));
  EXPECT_EQ(p.status_of(revoked.keys.signing), KeyStatus::revoked) << "not merely lost";
}

TEST(TrustListRevoke, OfWhatIsNotKnownIsSaidSo) {
  Pair p;
  p.join();
  EXPECT_EQ(error_of([&] { p.list.revoke("TEX"); }).code(), ErrorCode::not_found);
  EXPECT_EQ(error_of([&] { p.list.revoke(p.pse.ring.fingerprint().words()); }).code(),
            ErrorCode::not_found);
  const Error e = error_of([&] { p.list.revoke("pun"); });
  EXPECT_EQ(e.code(), ErrorCode::usage);
  EXPECT_EQ(std::string(e.what()), "'pun': is neither a site code nor a fingerprint");
  EXPECT_TRUE(p.accepts(p.pun.ring.public_keys().signing));
}

TEST(TrustListRevoke, OfAKeyNamedByATrustItem) {
  Pair p;
  p.join();
  const PublicKey key = p.pun.ring.public_keys().signing;
  EXPECT_TRUE(p.list.revoke_key(kPun, key));
  EXPECT_FALSE(p.list.revoke_key(kPun, key));
  EXPECT_EQ(p.refusal(key), ErrorCode::revoked);
  EXPECT_EQ(error_of([&] { p.list.revoke_key(kPun, p.pse.ring.public_keys().signing); }).code(),
            ErrorCode::not_found);
  EXPECT_EQ(error_of([&] { p.list.revoke_key(SiteCode::parse("TEX"), key); }).code(),
            ErrorCode::not_found);
}

// A receive that began before the revocation must not bring the key back when it writes.
TEST(TrustListRevoke, IsNotUndoneByAnotherCourierThatReadTheListBefore) {
  Pair p;
  p.join();
  TrustList receiving = p.pse.trust();
  p.list.revoke("PUN");
  receiving.grant(kPun, "PUN");
  EXPECT_EQ(receiving.require(kPun).current_key(), nullptr);
  p.list.reload();
  EXPECT_EQ(p.list.require(kPun).granted_prefixes, std::vector<std::string>{"PUN"});
  p.pun.ring.rotate();
  EXPECT_EQ(receiving.accept_rotation(kPun, p.pun.ring.rotation_certificates()), 0u);
  p.expect_same_on_disk();
}

}  // namespace
}  // namespace courier::test
