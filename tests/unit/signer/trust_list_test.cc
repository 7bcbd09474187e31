#include "signer/trust_list.h"

#include <gtest/gtest.h>

#include "signer/rights.h"
#include "tests/support/faulty_file_system.h"
#include "tests/unit/signer/trust_pair.h"

namespace courier::test {
namespace {

TEST(TrustList, IsEmptyBeforeAnySiteIsJoined) {
  Pair p;
  EXPECT_TRUE(p.list.sites().empty());
  EXPECT_EQ(p.list.find(kPun), nullptr);
  EXPECT_EQ(p.list.parent(), nullptr);
  const Error e = error_of([&] { p.list.require(kPun); });
  EXPECT_EQ(e.code(), ErrorCode::not_found);
  EXPECT_EQ(std::string(e.what()), "site PUN: is not joined here");
  EXPECT_NE(e.hint().find("courier site join PUN.site"), std::string::npos);
}

TEST(TrustList, KeepsAJoinedSiteWithItsRoleKeysAndCapabilities) {
  Pair p;
  EXPECT_EQ(p.list.join(SiteIdentity::parse(p.pun.ring.export_identity(4, 0x81)), SiteRole::parent,
                        kTrust),
            JoinOutcome::added);
  const TrustedSite& site = p.list.require(kPun);
  EXPECT_EQ(site.name, "Site PUN");
  EXPECT_EQ(site.role, SiteRole::parent);
  EXPECT_EQ(site.incarnation, p.pun.ring.incarnation());
  EXPECT_EQ(site.format_version, 4);
  EXPECT_EQ(site.features, 0x81u);
  ASSERT_NE(site.current_key(), nullptr);
  EXPECT_EQ(site.current_key()->keys, p.pun.ring.public_keys());
  EXPECT_EQ(site.fingerprint_of(*site.current_key()), p.pun.ring.fingerprint());
  EXPECT_EQ(p.list.parent(), &site);
  p.expect_same_on_disk();
}

TEST(TrustList, FindsTheSignerOfALabel) {
  Pair p;
  p.join();
  const Signer signer =
      p.list.require_signer(kPun, p.pun.ring.public_keys().signing, "parcel PUN-PSE-000001");
  EXPECT_EQ(signer.site->code, kPun);
  EXPECT_EQ(signer.key->status, KeyStatus::current);
}

TEST(TrustList, SendsWhatAnUnknownSignerSignedToQuarantine) {
  Pair p;
  const PublicKey key = p.pun.ring.public_keys().signing;
  const Error unknown_site =
      error_of([&] { p.list.require_signer(kPun, key, "parcel PUN-PSE-000001"); });
  EXPECT_EQ(unknown_site.code(), ErrorCode::no_key);
  EXPECT_EQ(unknown_site.exit_status(), 5);
  EXPECT_EQ(std::string(unknown_site.what()),
            "parcel PUN-PSE-000001: is from site PUN, which is not joined here");
  p.join();
  const Error unknown_key = error_of([&] {
    p.list.require_signer(kPun, p.pse.ring.public_keys().signing, "parcel PUN-PSE-000001");
  });
  EXPECT_EQ(unknown_key.code(), ErrorCode::no_key);
  EXPECT_EQ(std::string(unknown_key.what()),
            "parcel PUN-PSE-000001: is signed by a key of site PUN that is not known here");
  EXPECT_NE(unknown_key.hint().find("--fingerprint"), std::string::npos);
}

TEST(TrustList, RefusesASiteThatSignsAsAnother) {
  Pair p;
  SiteHome tex("TEX");
  p.join();
  p.list.join(tex.identity(), SiteRole::peer, kTrust);
  const Error e = error_of([&] {
    p.list.require_signer(kPun, tex.ring.public_keys().signing, "parcel PUN-PSE-000001");
  });
  EXPECT_EQ(e.code(), ErrorCode::not_trusted);
  EXPECT_EQ(e.happened(), "says it is from site PUN, but is signed by a key of site TEX");
}

TEST(TrustListJoin, TakesTheRightFingerprintInAnyForm) {
  for (const bool words : {true, false}) {
    Pair p;
    const Fingerprint fingerprint = p.pun.ring.fingerprint();
    EXPECT_EQ(p.join(JoinDecision::by_fingerprint(words ? fingerprint.words() : fingerprint.hex())),
              JoinOutcome::added);
  }
}

TEST(TrustListJoin, RefusesAWrongFingerprintWithThree) {
  Pair p;
  for (const std::string& wrong : {std::string("wrong words"), p.pse.ring.fingerprint().words(),
                                   p.pse.ring.fingerprint().hex(), std::string()}) {
    const Error e = error_of([&] { p.join(JoinDecision::by_fingerprint(wrong)); });
    EXPECT_EQ(e.code(), ErrorCode::not_trusted);
    EXPECT_EQ(e.exit_status(), 3);
    EXPECT_EQ(e.subject(), "identity file of site PUN");
    EXPECT_NE(e.hint().find(p.pun.ring.fingerprint().words()), std::string::npos);
  }
  EXPECT_EQ(error_of([&] { p.join(JoinDecision::by_fingerprint("wrong words")); }).happened(),
            "has another fingerprint than the one given, which word 2, 'words', is not in the list"
            " of words");
  EXPECT_TRUE(p.list.sites().empty());
}

TEST(TrustListJoin, RefusesItself) {
  Pair p;
  EXPECT_EQ(error_of([&] { p.list.join(p.pse.identity(), SiteRole::peer, kTrust); }).code(),
            ErrorCode::not_allowed);
}

TEST(TrustListJoin, RefusesAKeyThatAnotherSiteHas) {
  Pair p;
  p.join();
  SiteHome thief("TEX");
  SiteIdentity forged = thief.identity();
  forged.keys.sealing = p.pun.ring.public_keys().sealing;
  const Error e = error_of([&] { p.list.join(forged, SiteRole::peer, kTrust); });
  EXPECT_EQ(e.code(), ErrorCode::not_trusted);
  EXPECT_EQ(e.happened(), "holds a key of site PUN");
}

TEST(TrustListJoin, HasOneParent) {
  Pair p;
  p.join();
  SiteHome tex("TEX");
  const Error e = error_of([&] { p.list.join(tex.identity(), SiteRole::parent, kTrust); });
  EXPECT_EQ(e.code(), ErrorCode::not_allowed);
  EXPECT_EQ(std::string(e.what()), "site TEX: cannot be the parent: site PUN is");
  p.join(kTrust, SiteRole::peer);
  p.list.join(tex.identity(), SiteRole::parent, kTrust);
  EXPECT_EQ(p.list.parent()->code.str(), "TEX");
  p.expect_same_on_disk();
}

TEST(TrustListJoin, TwiceChangesNothingButTheRole) {
  Pair p;
  p.join();
  const std::vector<TrustedSite> before = p.list.sites();
  EXPECT_EQ(p.join(), JoinOutcome::known);
  EXPECT_EQ(p.list.sites(), before);
  EXPECT_EQ(p.join(kTrust, SiteRole::child), JoinOutcome::known);
  EXPECT_EQ(p.list.require(kPun).role, SiteRole::child);
}

TEST(TrustListIncarnation, ThatIsNewBecomesCurrentAndTheOldOneStaysOld) {
  Pair p;
  p.join();
  const Incarnation first = p.pun.ring.incarnation();
  Incarnation second{2, {}}, also_second{2, {}}, late_first{1, {}};
  second.random.fill(1);
  also_second.random.fill(2);
  late_first.random.fill(3);

  EXPECT_EQ(p.list.see_incarnation(kPun, first), IncarnationOrder::current);
  EXPECT_EQ(p.list.judge_incarnation(kPun, second), IncarnationOrder::newer);
  EXPECT_EQ(p.list.judge_incarnation(kPun, first), IncarnationOrder::current);
  EXPECT_EQ(p.list.see_incarnation(kPun, second), IncarnationOrder::newer);
  EXPECT_EQ(p.list.see_incarnation(kPun, second), IncarnationOrder::current);
  EXPECT_EQ(p.list.see_incarnation(kPun, first), IncarnationOrder::older);
  EXPECT_EQ(p.list.see_incarnation(kPun, late_first), IncarnationOrder::older);
  // The same backup restored again.
  EXPECT_EQ(p.list.see_incarnation(kPun, also_second), IncarnationOrder::newer);
  EXPECT_EQ(p.list.see_incarnation(kPun, second), IncarnationOrder::older);
  EXPECT_EQ(p.list.see_incarnation(kPun, also_second), IncarnationOrder::current);
  p.expect_same_on_disk();
}

TEST(TrustListIncarnation, OfASiteMadeAnewComesWithItsFingerprint) {
  Pair p;
  p.join();
  p.pun.ring.new_incarnation();
  p.pun.ring.new_incarnation();
  p.list.see_incarnation(kPun, p.pun.ring.incarnation());
  const Incarnation third = p.pun.ring.incarnation();

  SiteHome anew("PUN", 4242);
  p.list.join(anew.identity(), SiteRole::parent,
              JoinDecision::by_fingerprint(anew.ring.fingerprint().words()));
  EXPECT_EQ(p.list.see_incarnation(kPun, anew.ring.incarnation()), IncarnationOrder::current);
  EXPECT_EQ(p.list.see_incarnation(kPun, third), IncarnationOrder::older);
}

TEST(TrustListIncarnation, OfASiteRestoredIsTakenFromItsIdentityFile) {
  Pair p;
  p.join();
  const SiteIdentity before = p.pun.identity();
  p.pun.ring.new_incarnation();
  EXPECT_EQ(p.join(), JoinOutcome::known);
  EXPECT_EQ(p.list.require(kPun).incarnation, p.pun.ring.incarnation());
  // The file from before brings nothing back.
  EXPECT_EQ(p.list.join(before, SiteRole::parent, kTrust), JoinOutcome::known);
  EXPECT_EQ(p.list.require(kPun).incarnation, p.pun.ring.incarnation());
}

TEST(TrustListGrant, LetsAPeerSendWithThatPrefixOnly) {
  Pair p;
  p.join(kTrust, SiteRole::peer);
  const PackageId granted = PackageId::parse("TEX0002A"), other = PackageId::parse("PUN00001");
  EXPECT_FALSE(may_send(p.list.require(kPun), ItemKind::package, granted));
  p.list.grant(kPun, "TEX");
  p.list.grant(kPun, "NEV00");
  p.list.grant(kPun, "TEX");
  EXPECT_EQ(p.list.require(kPun).granted_prefixes, (std::vector<std::string>{"NEV00", "TEX"}));
  EXPECT_TRUE(may_send(p.list.require(kPun), ItemKind::package, granted));
  EXPECT_FALSE(may_send(p.list.require(kPun), ItemKind::package, other));
  p.expect_same_on_disk();
  EXPECT_EQ(error_of([&] { p.list.grant(kPun, "tex"); }).code(), ErrorCode::usage);
  EXPECT_EQ(error_of([&] { p.list.grant(SiteCode::parse("TEX"), "TEX"); }).code(),
            ErrorCode::not_found);
}

TEST(TrustList, NotesWhatASitesProgramReads) {
  Pair p;
  p.join();
  p.list.note_capabilities(kPun, 7, 0xff);
  EXPECT_EQ(p.list.require(kPun).format_version, 7);
  EXPECT_EQ(p.list.require(kPun).features, 0xffu);
  p.expect_same_on_disk();
}

TEST(TrustList, IsBeforeOrAfterWhereverThePowerFails) {
  for (std::uint64_t n = 1;; ++n) {
    Pair p;
    p.join();
    p.pun.ring.rotate();
    FaultyFileSystem faulty(p.pse.fs);
    TrustList list = TrustList::load(faulty, p.pse.folder.path(), p.pse.ring.code(), p.pse.clock);
    faulty.fail_at(n, EIO, true);
    const std::vector<TrustedSite> before = list.sites();
    try {
      list.accept_rotation(kPun, p.pun.ring.rotation_certificates());
      EXPECT_GE(n, 4u);
      break;
    } catch (const Error&) {
      EXPECT_EQ(list.sites(), before) << "call " << n;
      TrustList after = p.pse.trust();
      EXPECT_LE(after.require(kPun).keys.size(), 2u);
      after.accept_rotation(kPun, p.pun.ring.rotation_certificates());
      EXPECT_EQ(after.require(kPun).current_key()->keys, p.pun.ring.public_keys());
    }
  }
}

TEST(TrustList, ThatIsDamagedIsNeverTakenForAnEmptyOne) {
  Pair p;
  p.join();
  const std::string whole = read_text(p.pse.trust_path());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    write_text(p.pse.trust_path(), changed);
    EXPECT_EQ(error_of([&] { p.pse.trust(); }).code(), ErrorCode::damaged) << "byte " << i;
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_text(p.pse.trust_path(), whole.substr(0, size));
    EXPECT_EQ(error_of([&] { p.pse.trust(); }).code(), ErrorCode::damaged) << size << " bytes";
  }
}

TEST(TrustListCopy, IsRestoredElsewhere) {
  Pair p;
  p.join();
  const Bytes copy = p.list.copy_of_file();
  TempFolder folder;
  TrustList::restore(p.pse.fs, folder / "home", copy);
  EXPECT_EQ(TrustList::load(p.pse.fs, folder / "home", p.pse.ring.code(), p.pse.clock).sites(),
            p.list.sites());
  Bytes changed = copy;
  changed[40] ^= 1;
  EXPECT_EQ(error_of([&] { TrustList::check_copy(changed); }).code(), ErrorCode::damaged);
}

}  // namespace
}  // namespace courier::test
