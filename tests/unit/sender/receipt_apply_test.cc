#include "sender/receipt_apply.h"

#include "parcel/receipt.h"
#include "signer/receipt_words.h"
#include "tests/unit/sender/returns.h"

namespace courier::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

template <typename Call>
ErrorCode code_of(Call&& call) {
  return error_of(call).code();
}

// A site that PUN trusts, with keys of its own.
struct Branch {
  Branch(const std::string& code, FileSystem& fs, const Clock& clock)
      : entropy(code[0]),
        keys(KeyRing::create(fs, folder.path(), SiteCode::parse(code), "Branch", entropy, clock)) {}
  TempFolder folder{memory_folder()};
  SeededEntropy entropy;
  KeyRing keys;
};

class ShortReceipts : public Returns {
 protected:
  ShortReceipts() : branch("PSE", fs, clock), stranger("TEX", fs, clock) {
    trust.join(SiteIdentity::parse(branch.keys.export_identity(1, 0)), SiteRole::child,
               JoinDecision::by_trust());
  }

  std::string words(const ParcelId& parcel, const KeyRing& of, std::uint32_t ordinal = 1) const {
    const ReceiptPair pair{keys.public_keys().sealing, of.public_keys().sealing};
    return receipt_words(
        of.receipt_tag(pair, receipt_statement(parcel, label_of(parcel), incarnation(ordinal))));
  }
  std::string words(const ParcelId& parcel) const { return words(parcel, branch.keys); }

  Receipt receipt(const ParcelId& parcel, std::vector<VerdictKind> verdicts) {
    Receipt made;
    made.parcel = parcel;
    made.label = label_of(parcel);
    made.incarnation = incarnation(1);
    made.items = static_cast<std::uint32_t>(ParcelBook(ledger).items(parcel).size());
    for (const VerdictKind verdict : verdicts)
      made.add(verdict, is_in(verdict) ? "" : "it was " + std::string(word(verdict)));
    return made;
  }
  std::string code(Receipt receipt, const KeyRing& by) {
    return encode_receipt(receipt, [&](ByteView message) { return by.sign_receipt(message); });
  }
  std::string code(const Receipt& receipt) { return code(receipt, branch.keys); }

  AppliedReceipt take(const ParcelId& parcel, const std::string& text) {
    return ReceiptApplier(context).apply(parcel, text);
  }
  // Refused so, and nothing changed.
  std::string refusal(const ParcelId& parcel, const std::string& text, ErrorCode wanted) {
    const auto before = ParcelBook(ledger).history(parcel).size();
    const ParcelState state = addressee(parcel).state;
    try {
      take(parcel, text);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), wanted) << error.what();
      EXPECT_EQ(ParcelBook(ledger).history(parcel).size(), before);
      EXPECT_EQ(addressee(parcel).state, state);
      EXPECT_THAT(ParcelBook(ledger).verdicts(parcel), IsEmpty());
      return std::string(error.what()) + " | " + error.hint();
    }
    ADD_FAILURE() << "it was taken";
    return {};
  }

  Branch branch, stranger;
};

TEST_F(ShortReceipts, ByWordsConfirmTheParcelAndNothingElse) {  // P7
  const ParcelId parcel = sent_parcel({{number}});
  EXPECT_TRUE(take(parcel, words(parcel)).confirmed);
  EXPECT_EQ(addressee(parcel).state, ParcelState::confirmed);
  EXPECT_EQ(addressee(parcel).receipt, ReceiptForm::words);
  EXPECT_THAT(addressee(parcel).return_id, IsEmpty());
  EXPECT_EQ(ParcelBook(ledger).history(parcel).back().event, "P7");
  EXPECT_EQ(job(number).step, JobStep::sent);
  EXPECT_EQ(view(id)->state, PackageState::install_pending);
  EXPECT_THAT(ReturnBook(ledger).holdings(pse), IsEmpty());
  EXPECT_THAT(pending(), IsEmpty());
}

TEST_F(ShortReceipts, OfAParcelNotMarkedSentSaySoAndItsJobsAreSent) {
  const ParcelId parcel = this->parcel({pse}, {{number}});
  take(parcel, words(parcel));
  EXPECT_EQ(addressee(parcel).state, ParcelState::confirmed);
  EXPECT_THAT(ParcelBook(ledger).history(parcel).back().evidence, HasSubstr("was not marked sent"));
  EXPECT_EQ(job(number).step, JobStep::sent);
}

TEST_F(ShortReceipts, AreReplacedByTheReturnThatSpeaksOfTheParcel) {
  const ParcelId parcel = sent_parcel({{number}});
  take(parcel, words(parcel));
  ReceivedReturn r = return_number(1);
  apply(r);
  EXPECT_EQ(addressee(parcel).receipt, ReceiptForm::words);
  r = return_number(2);
  say(r, parcel, 0, VerdictKind::stored);
  hold(r, id, 1);
  apply(r);
  EXPECT_FALSE(addressee(parcel).receipt.has_value());
  EXPECT_EQ(addressee(parcel).return_id, "PSE-PUN-000002");
  EXPECT_EQ(addressee(parcel).state, ParcelState::confirmed);
  EXPECT_EQ(job(number).step, JobStep::confirmed);
  EXPECT_EQ(view(id)->state, PackageState::installed);
}

TEST_F(ShortReceipts, ThatAReturnContradictsLeaveTheJobToBeSentAgain) {
  const ParcelId parcel = sent_parcel({{number}});
  take(parcel, words(parcel));
  ReceivedReturn r = return_number(1);
  say(r, parcel, 0, VerdictKind::damaged, "3 objects");
  EXPECT_THAT(apply(r).partly_confirmed, ElementsAre(parcel));
  // Never back to Sent; and no return is shown as what confirmed it.
  EXPECT_EQ(addressee(parcel).state, ParcelState::confirmed);
  EXPECT_EQ(addressee(parcel).receipt, ReceiptForm::words);
  EXPECT_THAT(addressee(parcel).return_id, IsEmpty());
  EXPECT_TRUE(addressee(parcel).partly_confirmed);
  EXPECT_EQ(ParcelBook(ledger).history(parcel).back().evidence,
            "return PSE-PUN-000001, against the receipt");
  EXPECT_EQ(pending().size(), 1u);
  const Time much_later = clock.now() + std::chrono::years(1);
  EXPECT_THAT(ParcelBook(ledger).removable(much_later), IsEmpty());
  // Said again, nothing is added; supplied by a later parcel, it is settled.
  r = return_number(2);
  say(r, parcel, 0, VerdictKind::damaged, "3 objects");
  EXPECT_THAT(apply(r).partly_confirmed, IsEmpty());
  const ParcelId later = sent_parcel({{number}});
  r = return_number(3);
  say(r, later, 0, VerdictKind::stored);
  hold(r, id, 1);
  apply(r);
  EXPECT_FALSE(addressee(parcel).receipt.has_value());
  EXPECT_FALSE(addressee(parcel).partly_confirmed);
  EXPECT_EQ(addressee(parcel).return_id, "PSE-PUN-000003");
  EXPECT_THAT(ParcelBook(ledger).removable(much_later), SizeIs(2));
}

TEST_F(ShortReceipts, StandUntilAReturnTellsOfEveryItem) {
  const std::uint64_t second = distribute(package(0x21), pse);
  const ParcelId parcel = sent_parcel({{number}, {second}});
  take(parcel, words(parcel));
  ReceivedReturn r = return_number(1);
  say(r, parcel, 0, VerdictKind::stored);
  hold(r, id, 1);
  apply(r);
  EXPECT_EQ(addressee(parcel).receipt, ReceiptForm::words);
  EXPECT_FALSE(addressee(parcel).partly_confirmed);
}

TEST_F(ShortReceipts, AreNoneOfTheVerdictsThatAReturnConfirmsBy) {
  const std::uint64_t second = distribute(package(0x21), pse);
  const ParcelId parcel = sent_parcel({{number}, {second}});
  take(parcel, code(receipt(parcel, {VerdictKind::installed})));
  ReceivedReturn r = return_number(1);
  say(r, parcel, 1, VerdictKind::stored);
  hold(r, PackageId::make(pun, 0x21), 1);
  EXPECT_THAT(apply(r).confirmed, IsEmpty());
  EXPECT_EQ(addressee(parcel).state, ParcelState::sent);
}

TEST_F(ShortReceipts, TwiceAreRefused) {
  const ParcelId parcel = sent_parcel({{number}});
  take(parcel, words(parcel));
  EXPECT_THAT(refusal(parcel, words(parcel), ErrorCode::not_allowed),
              HasSubstr("is Confirmed already, by a receipt"));
  EXPECT_THAT(
      refusal(parcel, code(receipt(parcel, {VerdictKind::installed})), ErrorCode::not_allowed),
      HasSubstr("Confirmed already"));
}

TEST_F(ShortReceipts, OfAnotherParcelAreRefusedAndNamed) {
  const ParcelId one = sent_parcel({{number}});
  const ParcelId two = sent_parcel({{distribute(package(0x21), pse)}});
  EXPECT_THAT(refusal(one, words(two), ErrorCode::not_addressed), HasSubstr(two.str()));
  EXPECT_THAT(refusal(one, code(receipt(two, {VerdictKind::stored})), ErrorCode::not_addressed),
              HasSubstr(two.str()));
}

TEST_F(ShortReceipts, OfAnotherSiteOrIncarnationAreRefused) {
  const ParcelId parcel = sent_parcel({{number}});
  EXPECT_THAT(refusal(parcel, words(parcel, stranger.keys), ErrorCode::bad_signature),
              HasSubstr("not its words"));
  refusal(parcel, words(parcel, branch.keys, 2), ErrorCode::bad_signature);
  EXPECT_THAT(refusal(parcel, code(receipt(parcel, {VerdictKind::stored}), stranger.keys),
                      ErrorCode::bad_signature),
              HasSubstr("not signed by a key of PSE"));
  Receipt other = receipt(parcel, {VerdictKind::stored});
  other.incarnation = incarnation(2);
  EXPECT_THAT(refusal(parcel, code(other), ErrorCode::not_allowed), HasSubstr("made anew"));
  other.incarnation = incarnation(0);
  EXPECT_THAT(refusal(parcel, code(other), ErrorCode::replayed), HasSubstr("from before"));
}

TEST_F(ShortReceipts, OfAnotherLabelOrOlderThanTheLastReturnAreReplays) {
  const ParcelId parcel = sent_parcel({{number}});
  Receipt other = receipt(parcel, {VerdictKind::stored});
  other.label = digest("another");
  refusal(parcel, code(other), ErrorCode::replayed);
  apply(return_number(3));
  Receipt old = receipt(parcel, {VerdictKind::stored});
  old.returns = 2;
  EXPECT_THAT(refusal(parcel, code(old), ErrorCode::replayed), HasSubstr("PSE-PUN-000003"));
  old.returns = 3;
  EXPECT_TRUE(take(parcel, code(old)).confirmed);
}

TEST_F(ShortReceipts, ByARevokedKeyAreRefused) {
  const ParcelId parcel = sent_parcel({{number}});
  trust.revoke("PSE");
  refusal(parcel, words(parcel), ErrorCode::bad_signature);
  EXPECT_THAT(refusal(parcel, code(receipt(parcel, {VerdictKind::stored})), ErrorCode::revoked),
              HasSubstr("revoked"));
}

TEST_F(ShortReceipts, GoOnAfterNewKeysOfEitherSiteAsLongAsThePairIsKnown) {
  const ParcelId one = sent_parcel({{number}});
  const ParcelId two = sent_parcel({{distribute(package(0x21), pse)}});
  const std::string before = words(one);
  keys.rotate();
  EXPECT_TRUE(take(one, before).confirmed);

  const std::string old = words(two);  // by the branch's old key, and the origin's new one
  branch.keys.rotate();
  const std::string later = words(two);
  EXPECT_THAT(refusal(two, later, ErrorCode::bad_signature), HasSubstr("new keys"));
  trust.join(SiteIdentity::parse(branch.keys.export_identity(1, 0)), SiteRole::child,
             JoinDecision::by_trust());
  EXPECT_TRUE(take(two, old).confirmed);
}

TEST_F(ShortReceipts, ByCodeSayWhatCameOfEachItem) {
  const std::uint64_t second = distribute(package(0x21), pse);
  const ParcelId parcel = sent_parcel({{number}, {second}});
  const AppliedReceipt applied =
      take(parcel, code(receipt(parcel, {VerdictKind::installed, VerdictKind::stored})));
  EXPECT_TRUE(applied.confirmed);
  EXPECT_EQ(addressee(parcel).receipt, ReceiptForm::code);
  const std::vector<ItemVerdict> verdicts = ParcelBook(ledger).verdicts(parcel);
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(verdicts[0].verdict, VerdictKind::installed);
  EXPECT_THAT(verdicts[0].return_id, IsEmpty());
  EXPECT_EQ(job(second).step, JobStep::sent);
}

TEST_F(ShortReceipts, ThatTellOfHarmMakeItPartlyConfirmedAndSendNothingAgain) {
  const std::uint64_t second = distribute(package(0x21), pse);
  const ParcelId parcel = this->parcel({pse}, {{number}, {second}});
  const AppliedReceipt applied =
      take(parcel, code(receipt(parcel, {VerdictKind::installed, VerdictKind::damaged})));
  EXPECT_FALSE(applied.confirmed);
  EXPECT_TRUE(applied.partly_confirmed);
  EXPECT_EQ(addressee(parcel).state, ParcelState::sent);
  EXPECT_TRUE(addressee(parcel).partly_confirmed);
  EXPECT_EQ(addressee(parcel).receipt, ReceiptForm::code);
  EXPECT_EQ(job(second).step, JobStep::sent);
  EXPECT_THAT(pending(), IsEmpty());
  // A return that says the same takes its place.
  ReceivedReturn r = return_number(1);
  say(r, parcel, 0, VerdictKind::installed);
  say(r, parcel, 1, VerdictKind::damaged, "3 objects");
  hold(r, id, 1);
  apply(r);
  EXPECT_TRUE(addressee(parcel).partly_confirmed);
  EXPECT_FALSE(addressee(parcel).receipt.has_value());
  EXPECT_EQ(pending().size(), 1u);
}

TEST_F(ShortReceipts, ByCodeAreFollowedByABetterOne) {
  const std::uint64_t second = distribute(package(0x21), pse);
  const ParcelId parcel = sent_parcel({{number}, {second}});
  take(parcel, code(receipt(parcel, {VerdictKind::installed, VerdictKind::incomplete})));
  EXPECT_TRUE(
      take(parcel, code(receipt(parcel, {VerdictKind::installed, VerdictKind::stored}))).confirmed);
  EXPECT_EQ(addressee(parcel).state, ParcelState::confirmed);
}

TEST_F(ShortReceipts, ThatDoNotTellOfAllItemsConfirmNothing) {
  const std::uint64_t second = distribute(package(0x21), pse);
  const ParcelId parcel = sent_parcel({{number}, {second}});
  const AppliedReceipt applied = take(parcel, code(receipt(parcel, {VerdictKind::installed})));
  EXPECT_FALSE(applied.confirmed);
  EXPECT_FALSE(applied.partly_confirmed);
  EXPECT_EQ(applied.told, 1u);
  EXPECT_EQ(addressee(parcel).state, ParcelState::sent);
  EXPECT_FALSE(addressee(parcel).partly_confirmed);
  Receipt wrong = receipt(parcel, {VerdictKind::installed});
  wrong.items = 3;
  EXPECT_EQ(code_of([&] { take(parcel, code(wrong)); }), ErrorCode::bad_signature);
}

TEST_F(ShortReceipts, AreOfOneAddresseeOnly) {
  join(tex);
  trust.join(SiteIdentity::parse(stranger.keys.export_identity(1, 0)), SiteRole::child,
             JoinDecision::by_trust());
  const std::uint64_t second = distribute(id, tex);
  const ParcelId to_pse = parcel({pse, tex}, {{number, second}});
  const ParcelId to_tex = ParcelBook(ledger).get(to_pse).addressee(tex)->id;
  EXPECT_EQ(code_of([&] { take(to_tex, words(to_pse)); }), ErrorCode::bad_signature);
  take(to_pse, words(to_pse));
  EXPECT_EQ(addressee(to_pse).state, ParcelState::confirmed);
  EXPECT_EQ(addressee(to_tex).state, ParcelState::created);
}

}  // namespace
}  // namespace courier::test
