#include "importer/receive.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>

#include "base/confinement.h"
#include "importer/kept_heads.h"
#include "importer/offered_parcels.h"
#include "importer/quarantine.h"
#include "importer/receiver.h"
#include "importer/return_parcel.h"
#include "importer/staged_volumes.h"
#include "importer/stored_items.h"
#include "ledger/incoming_book.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/parcel_book.h"
#include "ledger/settings.h"
#include "ledger/status_log.h"
#include "signer/key_ring.h"
#include "signer/trust_list.h"

namespace courier {
namespace {

// Of one block of what is written and proved: a return is never large.
constexpr std::uint64_t kBytesOfReturn = 4 << 20;

IdentifyHome view_of(const ImporterParts& parts) {
  return IdentifyHome{parts.keys, parts.trust, parts.ledger};
}

bool has_stored_return(const ReceivedParcelReport& parcel) {
  return std::any_of(parcel.items.begin(), parcel.items.end(), [](const ReceivedItem& item) {
    return item.kind == word(ItemKind::verdicts) && item.verdict == VerdictKind::stored;
  });
}

// What the parsers are kept from on this machine, once for each run.
void note_confinement(const ImporterParts& parts) {
  const Confinement confinement = probe_confinement();
  parts.journal.write(Component::despooler,
                      confinement.seccomp ? Severity::info : Severity::warning,
                      "parcels are taken apart in confined children: " + confinement.words());
}

// B15: recorded, and told to the sender when it is joined and its signature verifies.
void note_misdelivered(const ImporterParts& parts, const Offer& offer) {
  const Sender& sender = offer.label.sender;
  Transaction transaction{parts.ledger};
  StatusLog{parts.ledger}.tell("C2", Severity::warning, {}, {offer.title, sender.code.str()});
  auto signer = parts.trust.find_signer(sender.signing_key);
  if (signer && signer->site->code == sender.code && offer.is_signed) {
    IncomingBook{parts.ledger}.note_misdelivered(offer.id, offer.label_digest);
  }
  transaction.commit();
  parts.journal.write(Component::despooler, Severity::warning,
                      "parcel " + offer.title + " is not addressed to this site",
                      {{"parcel", offer.id.str()}});
}

// The newest return to a site that still lies in the outbox.
std::optional<WrittenReturn> last_return(const ImporterParts& parts, const SiteCode& to) {
  for (const ParcelRow& row : ParcelBook{parts.ledger}.list()) {
    const ParcelAddressee* addressee = row.addressee(to);
    if (!row.is_return || !addressee || row.payload_removed ||
        addressee->state == ParcelState::discarded) {
      continue;
    }
    WrittenReturn made;
    made.id = addressee->id.str();
    made.to = to;
    made.outbox_path = outbox_of(parts.home) + "/" + row.file;
    return made;
  }
  return std::nullopt;
}

// What came in stays in when its return cannot be made.
WrittenReturn try_return(const ImporterParts& parts, const SiteCode& site) {
  try {
    return make_return(parts, site);
  } catch (const Error& error) {
    WrittenReturn failed;
    failed.to = site;
    const bool is_full = error.code() == ErrorCode::no_space;
    failed.error = Error{is_full ? ErrorCode::no_space : ErrorCode::device,
                         "return to " + site.str(), std::string("cannot be made: ") + error.what()}
                       .with_loss("nothing was lost: all is in; only the return could not be made")
                       .with_hint((is_full ? std::string("make room in the home, then")
                                           : std::string("when that is put right,")) +
                                  " make it with `courier return create --to " + site.str() +
                                  " --out TARGET`");
    return failed;
  }
}

// R13, and the copy that --return-to asks for.
void answer(const ImporterParts& parts, const ReceiveOptions& options, const ProgressSink& progress,
            ReceiveReport& report) {
  std::set<SiteCode> anew, again;
  for (const ReceivedParcelReport& parcel : report.parcels) {
    if (parcel.declined || parcel.offer.is_return) continue;
    if (!parts.trust.find(parcel.offer.id.from)) continue;
    if (parcel.already_received) {
      // Processed, and no return could tell it then: one is made now.
      const auto row = IncomingBook{parts.ledger}.find(parcel.offer.label_digest);
      (row && !row->reported ? anew : again).insert(parcel.offer.id.from);
    } else if (parcel.state == IncomingState::processed ||
               parcel.state == IncomingState::accepted ||
               (!options.return_to.empty() && parcel.state == IncomingState::incomplete)) {
      anew.insert(parcel.offer.id.from);
    }
  }
  for (const SiteCode& site : anew) report.returns.push_back(try_return(parts, site));
  if (!options.return_to.empty()) {
    for (const SiteCode& site : again) {
      if (anew.contains(site)) continue;
      auto last = last_return(parts, site);
      report.returns.push_back(last ? *last : try_return(parts, site));
    }
  }
  for (WrittenReturn& made : report.returns) {
    for (ReceivedParcelReport& parcel : report.parcels) {
      if (parcel.offer.id.from == made.to && !parcel.offer.is_return) parcel.return_id = made.id;
    }
    if (!options.return_to.empty() && !made.error) {
      write_return_to(parts, made, options.return_to, progress, options.before_return);
    }
  }
}

int status_of_report(const ReceiveReport& report, bool scanned_any) {
  std::vector<int> statuses;
  bool declined = false, known = false;
  for (const ReceivedParcelReport& parcel : report.parcels) {
    declined = declined || parcel.declined;
    known = known || parcel.already_received;
    // What was received before says nothing about what came now.
    if (!parcel.declined && !parcel.already_received) statuses.push_back(parcel.exit_status);
  }
  bool others = false;
  for (const Offer& offer : report.left_alone) {
    if (offer.standing == Standing::unreadable) statuses.push_back(status_of(offer));
    others = others || offer.standing == Standing::for_others;
  }
  int status = combined_status(statuses);
  if (statuses.empty() && !declined && !known) {
    if (!scanned_any) return row_of(ErrorCode::not_found).exit_status;
    if (others) return row_of(ErrorCode::not_addressed).exit_status;
  }
  for (const WrittenReturn& made : report.returns) {
    if (made.error && status == 0) status = made.error->exit_status();
  }
  return status;
}

// R7: the wait is over. The file stays: the key still leads to R6.
void give_up_waiting(const ImporterParts& parts, IncomingParcel row) {
  row.state = IncomingState::refused;
  row.reason = fmt::format("no key for its signer after {} minutes",
                           Settings{parts.ledger}.number("key.wait"));
  IncomingBook{parts.ledger}.refuse(row);
  parts.journal.write(Component::despooler, Severity::warning,
                      "parcel " + row.id.str() + ": " + row.reason, {{"parcel", row.id.str()}});
}

void run_quarantine(const ImporterParts& parts, const ProgressSink& progress,
                    ReceiveReport& report) {
  IncomingBook incoming{parts.ledger};
  const Time now = parts.clock.now();
  const std::vector<Digest> kept = list_quarantined(parts);
  if (!kept.empty()) note_confinement(parts);
  for (const Digest& label : kept) {
    auto row = incoming.find(label);
    if (row && row->state == IncomingState::processed) {
      drop_quarantined(parts, label);
      continue;
    }
    std::vector<OpenOffer> kept_volumes;
    for (OfferedVolume& volume : open_quarantined(parts, label)) {
      kept_volumes.push_back(read_offer(parts.fs, std::move(volume), view_of(parts)));
    }
    const OfferedParcel volumes = volumes_of(kept_volumes);
    if (volumes.empty()) continue;
    const Standing standing = volumes.front()->offer.standing;
    if (standing == Standing::genuine || standing == Standing::known) {
      Phases phases(progress);
      ParcelProgress of_parcel(phases, work_of(parts, volumes));
      ReceivedParcelReport taken = Receiver{parts, of_parcel}.take(volumes);
      const bool done = taken.state == IncomingState::processed;
      report.parcels.push_back(std::move(taken));
      if (done) drop_quarantined(parts, label);
    } else if (row && row->state == IncomingState::quarantined && row->key_deadline &&
               *row->key_deadline <= now) {
      give_up_waiting(parts, *row);
    }
  }
}

}  // namespace

ReceiveReport receive(const ImporterParts& parts, const std::string& source,
                      const ReceiveOptions& options) {
  parts.keys.require_unlocked();
  IncomingBook{parts.ledger}.requeue_executing();
  note_confinement(parts);
  sweep_staged(parts);
  ReceiveReport report;
  const IdentifyHome home = view_of(parts);
  std::vector<OpenOffer> offers = read_offers(parts.fs, source, home);
  OfferedParcels offered(parts, offers);
  for (const OpenOffer* other : offered.left_alone()) report.left_alone.push_back(other->offer);
  Phases phases(options.progress);
  std::deque<ParcelProgress> progress;
  for (const OfferedParcel& volumes : offered.parcels()) {
    progress.emplace_back(phases, work_of(parts, volumes));
  }
  const std::size_t returning =
      phases.add("returning", options.return_to.empty() ? 0 : kBytesOfReturn);
  for (std::size_t i = 0; i < offered.parcels().size(); ++i) {
    const OfferedParcel& volumes = offered.parcels()[i];
    OpenOffer& open = *volumes.front();
    reopen(parts.fs, open, home);
    ReceivedParcelReport taken;
    const bool is_asked =
        open.offer.standing == Standing::genuine || open.offer.standing == Standing::unknown_signer;
    if (is_asked && options.accept && !options.accept(open.offer)) {
      taken.offer = open.offer;
      taken.declined = true;
    } else {
      // A parcel before this one may have changed what is true of it (a rotation, a newer
      // incarnation): judged again from the head in memory.
      rejudge(open, home);
      taken = Receiver{parts, progress[i]}.take(volumes);
    }
    for (OpenOffer* volume : volumes) {
      if (!volume->is_head_only) taken.paths.push_back(volume->offer.path);
      close(*volume);
    }
    taken.offer.path = taken.paths.front();
    report.returns_stored = report.returns_stored || has_stored_return(taken);
    report.parcels.push_back(std::move(taken));
  }
  const bool for_us = !offered.parcels().empty();
  if (!for_us) {
    for (const Offer& offer : report.left_alone) {
      if (offer.standing == Standing::for_others) note_misdelivered(parts, offer);
    }
  }
  answer(parts, options, phases.next(returning, kBytesOfReturn), report);
  report.exit_status = status_of_report(report, !offers.empty());
  return report;
}

ReceiveReport run_waiting(const ImporterParts& parts, const ProgressSink& progress) {
  parts.keys.require_unlocked();
  IncomingBook incoming{parts.ledger};
  incoming.requeue_executing();
  ReceiveReport report;
  run_quarantine(parts, progress, report);
  std::set<Digest> due;
  for (const IncomingItem& item : incoming.items_due(parts.clock.now())) due.insert(item.label);
  for (const Digest& label : due) {
    auto parcel = incoming.find(label);
    if (parcel && parcel->state == IncomingState::accepted) {
      Phases phases(progress);
      ParcelProgress of_parcel(phases, work_of(parts, *parcel));
      report.parcels.push_back(Receiver{parts, of_parcel}.go_on(*parcel));
    }
  }
  report.published = parts.distribution.run_due(progress);
  restate_stored_items(parts);
  answer(parts, {}, progress, report);
  for (const ReceivedParcelReport& parcel : report.parcels) {
    report.returns_stored = report.returns_stored || has_stored_return(parcel);
  }
  report.exit_status = status_of_report(report, true);
  return report;
}

void discard_incoming(const ImporterParts& parts, const ParcelId& id) {
  IncomingBook incoming{parts.ledger};
  for (const Digest& label : list_quarantined(parts)) {
    auto row = incoming.find(label);
    if (!row || row->id != id) continue;
    if (row->state != IncomingState::quarantined && row->state != IncomingState::refused &&
        row->state != IncomingState::incomplete) {
      throw Error{ErrorCode::not_allowed, "parcel " + id.str(),
                  "is " + std::string(word(row->state)) + ", not in quarantine"};
    }
    incoming.discard(label);
    drop_quarantined(parts, label);
    return;
  }
  for (const IncomingParcel& row : incoming.at(IncomingState::incomplete)) {
    if (row.id != id) continue;
    incoming.discard(row.label);
    drop_head(parts, row.label);
    drop_staged(parts, row.label);
    return;
  }
  throw Error{ErrorCode::not_found, "parcel " + id.str(), "is not in quarantine, nor incomplete"};
}

}  // namespace courier
