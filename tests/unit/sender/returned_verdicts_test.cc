#include "sender/returned_verdicts.h"

#include "tests/unit/sender/returns.h"

namespace courier::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// ---- J8 and P5 -----------------------------------------------------------------------------

TEST_F(Returns, InstalledConfirmsJobAndParcel) {  // J8, P5, B18, B86
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn r = return_number(3);
  say(r, sent, 0, VerdictKind::installed);
  hold(r, id, 1);
  dp_says(r, "D1", id, 1, PackageState::installed);
  const AppliedReturn applied = apply(r);
  EXPECT_EQ(applied.outcome, "applied");
  EXPECT_TRUE(applied.changed);
  EXPECT_THAT(applied.confirmed, ElementsAre(sent));
  EXPECT_THAT(applied.jobs_confirmed, ElementsAre(number));
  EXPECT_EQ(job(number).step, JobStep::confirmed);
  EXPECT_EQ(job(number).state, PackageState::installed);
  EXPECT_EQ(job(number).remaining_bytes, 0u);
  EXPECT_EQ(job(number).as_of, r.written);
  EXPECT_EQ(job(number).as_of_return, "PSE-PUN-000003");
  EXPECT_EQ(addressee(sent).state, ParcelState::confirmed);
  EXPECT_EQ(addressee(sent).return_id, "PSE-PUN-000003");
  EXPECT_TRUE(addressee(sent).confirmed);
  EXPECT_EQ(view(id, "D1")->state, PackageState::installed);
  EXPECT_EQ(view(id, "D1")->evidence, "return PSE-PUN-000003");
  EXPECT_EQ(view(id)->state, PackageState::installed);
  EXPECT_THAT(StatusLog(ledger).list("C7"), SizeIs(1));
}

TEST_F(Returns, AParcelNeverMarkedSentIsConfirmedAllTheSame) {  // P5, J8
  const ParcelId created = parcel({pse}, {{number}});
  ReceivedReturn r = return_number(1);
  say(r, created, 0, VerdictKind::stored);
  hold(r, id, 1);
  apply(r);
  EXPECT_EQ(addressee(created).state, ParcelState::confirmed);
  EXPECT_THAT(ParcelBook(ledger).history(created).back().evidence,
              HasSubstr("was not marked sent"));
  EXPECT_EQ(job(number).step, JobStep::confirmed);
}

TEST_F(Returns, WithoutAVerdictForEveryItemTheParcelIsNotConfirmed) {  // B18
  const std::uint64_t other = distribute(package(0x21), pse);
  const ParcelId sent = sent_parcel({{number}, {other}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::installed);
  hold(r, id, 1);
  const AppliedReturn applied = apply(r);
  EXPECT_THAT(applied.confirmed, IsEmpty());
  EXPECT_THAT(applied.partly_confirmed, IsEmpty());
  EXPECT_EQ(job(number).step, JobStep::confirmed);
  EXPECT_EQ(job(other).step, JobStep::sent);
  EXPECT_EQ(addressee(sent).state, ParcelState::sent);
  // The other verdict comes later; the first one is remembered.
  r = return_number(2);
  say(r, sent, 1, VerdictKind::stored);
  hold(r, id, 1);
  hold(r, PackageId::make(pun, 0x21), 1);
  EXPECT_THAT(apply(r).confirmed, ElementsAre(sent));
}

TEST_F(Returns, TheJobHasTheWorstStateOfItsDps) {  // J8
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::stored);
  hold(r, id, 1);
  dp_says(r, "D1", id, 1, PackageState::installed);
  dp_says(r, "D2", id, 1, PackageState::install_retrying, "not reachable");
  apply(r);
  EXPECT_EQ(job(number).step, JobStep::confirmed);
  EXPECT_EQ(job(number).state, PackageState::install_retrying);
  EXPECT_EQ(job(number).reason, "D2: not reachable");
  EXPECT_EQ(view(id, "D2")->state, PackageState::install_retrying);
  // Afterwards only the state moves.
  r = return_number(2);
  hold(r, id, 1);
  dp_says(r, "D1", id, 1, PackageState::installed);
  dp_says(r, "D2", id, 1, PackageState::installed);
  apply(r);
  EXPECT_EQ(job(number).step, JobStep::confirmed);
  EXPECT_EQ(job(number).state, PackageState::installed);
  EXPECT_EQ(job(number).reason, "");
}

TEST_F(Returns, ADpOfAnotherJobDoesNotCount) {
  const PackageId other = package(0x21);
  const std::uint64_t on_one = distribute(other, pse, {"D1"});
  const ParcelId sent = sent_parcel({{on_one}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::installed);
  hold(r, other, 1);
  dp_says(r, "D1", other, 1, PackageState::installed);
  dp_says(r, "D2", other, 1, PackageState::install_failed);
  dp_says(r, "D1", id, 1, PackageState::install_failed);
  apply(r);
  EXPECT_EQ(job(on_one).state, PackageState::installed);
}

TEST_F(Returns, RemovedConfirmsARetract) {  // J8, T18
  apply([&] {
    const ParcelId sent = sent_parcel({{number}});
    ReceivedReturn r = return_number(1);
    say(r, sent, 0, VerdictKind::installed);
    hold(r, id, 1);
    return r;
  }());
  const std::uint64_t removal = Distributor(context).retract(id, {{pse, {}}})[0].job;
  const ParcelId sent = sent_parcel({{removal}});
  ReceivedReturn r = return_number(2);
  say(r, sent, 0, VerdictKind::removed);
  const AppliedReturn applied = apply(r);
  EXPECT_THAT(applied.confirmed, ElementsAre(sent));
  EXPECT_EQ(job(removal).step, JobStep::confirmed);
  EXPECT_FALSE(view(id));
  EXPECT_THAT(applied.repair_jobs, IsEmpty());  // what was retracted is not missed
}

TEST_F(Returns, ASupersededItemIsSettledAndNotRepaired) {  // J8
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::superseded, "version 1 came, version 2 is stored");
  const AppliedReturn applied = apply(r);
  EXPECT_THAT(applied.confirmed, ElementsAre(sent));
  EXPECT_EQ(job(number).step, JobStep::confirmed);
  EXPECT_THAT(job(number).reason, HasSubstr("superseded: version 1 came"));
  EXPECT_THAT(apply(return_number(2)).repair_jobs, IsEmpty());
}

// ---- J9 and P6 -----------------------------------------------------------------------------

TEST_F(Returns, DamagedGoesAgainWithWhatIsMissing) {  // J9, P6
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::damaged).missing_records = {{12, 17}, {20, 20}};
  r.parcels[0].missing_records = {{12, 17}, {20, 20}};
  const AppliedReturn applied = apply(r);
  EXPECT_THAT(applied.partly_confirmed, ElementsAre(sent));
  EXPECT_THAT(applied.jobs_again, ElementsAre(number));
  EXPECT_EQ(addressee(sent).state, ParcelState::sent);
  EXPECT_TRUE(addressee(sent).partly_confirmed);
  const JobRow again = job(number);
  EXPECT_EQ(again.step, JobStep::routed);  // accepted, and the scheduler went on
  EXPECT_FALSE(again.whole);
  EXPECT_EQ(view(id)->pending, PendingReason::not_created);
  EXPECT_THAT(ledger.history("job", std::to_string(number)).back().event, "J2");
  const auto receipts = ReturnBook(ledger).partial_receipts(pse);
  ASSERT_THAT(receipts, SizeIs(1));
  EXPECT_EQ(receipts[0].label, label_of(sent));
  EXPECT_THAT(pending(), SizeIs(1));
}

TEST_F(Returns, SendAgainSaysWhat) {  // J9
  AddressBook(ledger).remove(pse, "courier");
  AddressRow address;
  address.site = pse;
  address.enabled = false;
  AddressBook(ledger).add(address);
  address.enabled = true;
  AddressBook(ledger).set(address);
  Scheduler(context).run();
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::damaged, "bad sectors").missing_records = {{12, 17}, {20, 20}};
  ReturnBook(ledger).store(r);
  ReturnApplier(context).apply(r);
  EXPECT_EQ(job(number).step, JobStep::accepted);
  EXPECT_EQ(job(number).reason, "send again: records 12-17, 20 (bad sectors)");
}

TEST_F(Returns, IncompleteWithNothingNamedGoesWhole) {  // J9: its base is gone
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::incomplete, "base PUN00020 version 1 is missing");
  apply(r);
  EXPECT_TRUE(job(number).whole);
}

TEST_F(Returns, IncompleteWithObjectsNamedSendsThese) {  // J9
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::incomplete).missing_objects = {digest("a"), digest("b")};
  hold(r, id, 1, {digest("a"), digest("b")});
  apply(r);
  EXPECT_FALSE(job(number).whole);
  EXPECT_THAT(ReturnBook(ledger).holdings(pse).at(0).missing, SizeIs(2));
}

TEST_F(Returns, AnIncompleteParcelSpeaksForItsItems) {  // P6: volume 2 never came
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn r = return_number(1);
  ReturnParcel told;
  told.id = sent;
  told.label = label_of(sent);
  told.state = IncomingState::incomplete;
  told.missing_records = {{30, UINT64_MAX - 1}};
  r.parcels.push_back(told);
  EXPECT_THAT(apply(r).jobs_again, ElementsAre(number));
  EXPECT_FALSE(job(number).whole);
  EXPECT_TRUE(addressee(sent).partly_confirmed);
}

TEST_F(Returns, RefusedFailsAndWaitsForTheOperator) {  // J9, P6
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::refused, "not authorised");
  const AppliedReturn applied = apply(r);
  EXPECT_THAT(applied.jobs_failed, ElementsAre(number));
  EXPECT_EQ(job(number).step, JobStep::failed);
  EXPECT_EQ(job(number).state, PackageState::install_failed);
  EXPECT_EQ(job(number).reason, "not authorised");
  EXPECT_TRUE(addressee(sent).partly_confirmed);
  EXPECT_THAT(pending(), IsEmpty());
}

TEST_F(Returns, ARefusedParcelRefusesAllItsItems) {  // R3
  const std::uint64_t other = distribute(package(0x21), pse);
  const ParcelId sent = sent_parcel({{number}, {other}});
  ReceivedReturn r = return_number(1);
  ReturnParcel told;
  told.id = sent;
  told.label = label_of(sent);
  told.state = IncomingState::refused;
  told.reason = "unknown critical feature";
  r.parcels.push_back(told);
  EXPECT_THAT(apply(r).jobs_failed, ElementsAre(number, other));
  EXPECT_EQ(job(other).reason, "unknown critical feature");
}

TEST_F(Returns, AQuarantinedParcelWaitsForTheKeyAndThenConfirms) {  // P6, B37
  const ParcelId created = parcel({pse}, {{number}});
  ReceivedReturn r = return_number(1);
  ReturnParcel told;
  told.id = created;
  told.label = label_of(created);
  told.state = IncomingState::quarantined;
  told.reason = "waiting for the key of PUN";
  r.parcels.push_back(told);
  EXPECT_THAT(apply(r).partly_confirmed, ElementsAre(created));
  EXPECT_EQ(addressee(created).state, ParcelState::sent);
  EXPECT_EQ(job(number).step, JobStep::sent);
  EXPECT_EQ(job(number).pending, PendingReason::waiting_for_key);
  EXPECT_EQ(view(id)->pending, PendingReason::waiting_for_key);
  EXPECT_THAT(pending(), IsEmpty());
  r = return_number(2);
  say(r, created, 0, VerdictKind::installed);
  hold(r, id, 1);
  EXPECT_THAT(apply(r).confirmed, ElementsAre(created));
}

TEST_F(Returns, TheSameVerdictToldAgainSendsNothingTwice) {
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::damaged).missing_records = {{1, 1}};
  apply(r);
  const ParcelId second = sent_parcel({{number}});
  r = return_number(2);  // written before the second came
  say(r, sent, 0, VerdictKind::damaged).missing_records = {{1, 1}};
  const AppliedReturn applied = apply(r);
  EXPECT_THAT(applied.jobs_again, IsEmpty());
  EXPECT_EQ(job(number).step, JobStep::sent);
  EXPECT_EQ(job(number).parcel, second.str());
}

TEST_F(Returns, AnItemSuppliedByALaterParcelConfirmsTheEarlierToo) {  // P5
  const ParcelId first = sent_parcel({{number}});
  ReceivedReturn r = return_number(1);
  say(r, first, 0, VerdictKind::damaged).missing_records = {{1, 1}};
  apply(r);
  const ParcelId second = sent_parcel({{number}});
  r = return_number(2);
  say(r, first, 0, VerdictKind::damaged).missing_records = {{1, 1}};
  say(r, second, 0, VerdictKind::installed);
  hold(r, id, 1);
  EXPECT_THAT(apply(r).confirmed, testing::UnorderedElementsAre(first, second));
}

TEST_F(Returns, ALostParcelThatTurnsUpConfirmsItsJobWithTheNewerOneOnTheRoad) {  // P9
  const ParcelId lost = sent_parcel({{number}});
  ParcelLife(context).declare_lost(lost);
  Scheduler(context).run();
  const ParcelId next = parcel({pse}, {{number}});
  ReceivedReturn r = return_number(1);
  say(r, lost, 0, VerdictKind::installed);
  hold(r, id, 1);
  const AppliedReturn applied = apply(r);
  EXPECT_EQ(job(number).step, JobStep::confirmed);
  EXPECT_THAT(applied.confirmed, testing::UnorderedElementsAre(lost, next));
}

TEST_F(Returns, ALostParcelThatTurnsUpConfirmsAJobThatWaitsAgain) {  // J8 from accepted
  const ParcelId lost = sent_parcel({{number}});
  ParcelLife(context).declare_lost(lost);
  ReceivedReturn r = return_number(1);
  say(r, lost, 0, VerdictKind::installed);
  hold(r, id, 1);
  EXPECT_THAT(apply(r).confirmed, ElementsAre(lost));
  EXPECT_THAT(pending(), IsEmpty());
}

TEST_F(Returns, AnnouncementsNeedNoVerdict) {  // P6
  const ParcelId sent = parcel({pse}, {{number}}, ItemKind::announcement);
  ParcelLife(context).mark_sent(sent);
  EXPECT_THAT(apply(return_number(1)).confirmed, IsEmpty());  // it says nothing of the parcel
  ReceivedReturn r = return_number(2);
  say(r, sent, 0, VerdictKind::announced);
  EXPECT_THAT(apply(r).confirmed, ElementsAre(sent));
  EXPECT_EQ(job(number).step, JobStep::routed);  // still to go
}

TEST_F(Returns, EachAddresseeAnswersForItself) {
  join(tex);
  const std::uint64_t to_tex = distribute(id, tex);
  const ParcelId both = parcel({pse, tex}, {{number, to_tex}});
  ParcelLife(context).mark_sent(both);
  ReceivedReturn r = return_number(1);
  say(r, both, 0, VerdictKind::installed);
  hold(r, id, 1);
  EXPECT_THAT(apply(r).confirmed, ElementsAre(both));
  EXPECT_EQ(job(number).step, JobStep::confirmed);
  EXPECT_EQ(job(to_tex).step, JobStep::sent);
  EXPECT_EQ(ParcelBook(ledger).get(both).state(), ParcelState::sent);
}

TEST_F(Returns, ASiteSpeaksForItselfOnly) {
  join(tex);
  const std::uint64_t to_tex = distribute(id, tex);
  const ParcelId for_tex = parcel({tex}, {{to_tex}});
  ParcelLife(context).mark_sent(for_tex);
  ReceivedReturn r = return_number(1);  // of PSE
  say(r, for_tex, 0, VerdictKind::installed);
  EXPECT_THAT(apply(r).confirmed, IsEmpty());
  EXPECT_EQ(job(to_tex).step, JobStep::sent);
  EXPECT_EQ(ParcelBook(ledger).get(for_tex).state(), ParcelState::sent);
}

// ---- J9a, J9b ------------------------------------------------------------------------------

class Repairs : public Returns {
 protected:
  Repairs() {
    const ParcelId sent = sent_parcel({{number}});
    ReceivedReturn r = return_number(1);
    say(r, sent, 0, VerdictKind::installed);
    hold(r, id, 1);
    apply(r);
  }
};

TEST_F(Repairs, NoLongerHeldMakesARepairJob) {  // J9a, B53
  ReceivedReturn r = return_number(2);
  const AppliedReturn applied = apply(r);
  ASSERT_THAT(applied.repair_jobs, SizeIs(1));
  const JobRow repair = job(applied.repair_jobs[0]);
  EXPECT_EQ(repair.note, "repair of job " + std::to_string(number));
  EXPECT_EQ(repair.version, 1u);
  EXPECT_EQ(repair.step, JobStep::routed);
  EXPECT_FALSE(repair.whole);
  EXPECT_EQ(job(number).step, JobStep::confirmed);
  EXPECT_EQ(job(number).state, PackageState::install_pending);
  EXPECT_EQ(job(number).pending, PendingReason::waiting_for_content);
  EXPECT_EQ(view(id)->state, PackageState::install_pending);
  EXPECT_EQ(view(id)->pending, PendingReason::waiting_for_content);
  EXPECT_THAT(ReturnBook(ledger).holdings(pse), IsEmpty());
}

TEST_F(Repairs, DamagedThereSendsOnlyWhatIsMissing) {  // J9a, B48
  ReceivedReturn r = return_number(2);
  hold(r, id, 1, {digest("lost chunk")});
  const AppliedReturn applied = apply(r);
  ASSERT_THAT(applied.repair_jobs, SizeIs(1));
  EXPECT_THAT(ReturnBook(ledger).holdings(pse).at(0).missing, ElementsAre(digest("lost chunk")));
}

TEST_F(Repairs, TheNextReturnMakesNoSecondRepairJob) {
  const std::uint64_t repair = apply(return_number(2)).repair_jobs.at(0);
  EXPECT_THAT(apply(return_number(3)).repair_jobs, IsEmpty());
  const ParcelId sent = sent_parcel({{repair}});
  EXPECT_THAT(apply(return_number(4)).repair_jobs, IsEmpty());
  ReceivedReturn r = return_number(5);
  say(r, sent, 0, VerdictKind::installed);
  hold(r, id, 1);
  const AppliedReturn applied = apply(r);
  EXPECT_THAT(applied.jobs_confirmed, ElementsAre(repair));
  EXPECT_THAT(applied.repair_jobs, IsEmpty());
  // Lost a second time: repaired a second time.
  EXPECT_THAT(apply(return_number(6)).repair_jobs, SizeIs(1));
}

TEST_F(Repairs, ALaterVersionHeldNeedsNoRepairOfTheEarlier) {
  ReceivedReturn r = return_number(2);
  hold(r, id, 2);
  EXPECT_THAT(apply(r).repair_jobs, IsEmpty());
}

TEST_F(Returns, APackageWithoutFilesIsNeverMissed) {  // B80
  const PackageId note = package(0x21, true);
  const std::uint64_t noted = distribute(note, pse);
  const ParcelId sent = sent_parcel({{noted}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::stored);
  apply(r);
  EXPECT_EQ(job(noted).step, JobStep::confirmed);
  EXPECT_THAT(apply(return_number(2)).repair_jobs, IsEmpty());
  EXPECT_FALSE(view(note));
}

TEST_F(Returns, ALateVerdictMovesOnlyTheStateOfAnEndedJob) {  // J9b, J15
  const ParcelId sent = sent_parcel({{number}});
  new_version(id, 2);
  const std::uint64_t newer = distribute(id, pse);
  EXPECT_EQ(job(number).step, JobStep::superseded);
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::installed);
  hold(r, id, 1);
  dp_says(r, "D1", id, 1, PackageState::installed);
  EXPECT_THAT(apply(r).confirmed, ElementsAre(sent));
  EXPECT_EQ(job(number).step, JobStep::superseded);
  EXPECT_EQ(job(number).state, PackageState::installed);
  EXPECT_THAT(job(number).reason, HasSubstr("superseded by job"));
  EXPECT_EQ(job(newer).step, JobStep::routed);
  // The newer version is still on its way there.
  EXPECT_EQ(view(id)->version, 2u);
  EXPECT_EQ(view(id)->state, PackageState::content_updating);
  EXPECT_EQ(view(id)->served, 1u);
}

TEST_F(Returns, ALateVerdictOfAFailedJobMovesItsState) {  // J9b
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::refused, "no key");
  apply(r);
  r = return_number(2);
  say(r, sent, 0, VerdictKind::installed);
  hold(r, id, 1);
  EXPECT_THAT(apply(r).confirmed, ElementsAre(sent));
  EXPECT_EQ(job(number).step, JobStep::failed);
  EXPECT_EQ(job(number).state, PackageState::installed);
}

}  // namespace
}  // namespace courier::test
