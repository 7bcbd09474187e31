// Receiver: takes one offered parcel through the states of behaviours.md 10.3. Used by receive()
// and run_waiting(), for parcels on a medium and for those in quarantine alike. Not for other
// rooms.
#pragma once

#include "importer/item_runner.h"
#include "importer/offers.h"
#include "importer/receive.h"

namespace courier {

class Receiver {
 public:
  Receiver(const ImporterParts& parts, const ProgressSink& progress)
      : parts_(parts), progress_(progress) {}

  // Precondition: is_for_us(open.offer). Errors: what stops everything (the ledger, the home's
  // device); what is wrong with this parcel is in the report.
  ReceivedParcelReport take(OpenOffer& open);

  // Runs the items of a parcel that is accepted, from its rows.
  ReceivedParcelReport go_on(const IncomingParcel& parcel);

 private:
  ReceivedParcelReport take_genuine(OpenOffer& open);
  ReceivedParcelReport quarantine(OpenOffer& open);
  ReceivedParcelReport refuse(OpenOffer& open);
  IncomingParcel begin(const OpenOffer& open, const OpenedParcel& opened);
  // Despools and says whether the parcel is as complete as this medium makes it.
  bool take_records(OpenOffer& open, const OpenedParcel& opened, const IncomingParcel& parcel,
                    ReceivedParcelReport& report);
  void run_items(const IncomingParcel& parcel, bool again, ReceivedParcelReport& report);
  void note_failure(const Error& error, ReceivedParcelReport& report);
  void show_items(const Digest& label, ReceivedParcelReport& report);

  const ImporterParts& parts_;
  const ProgressSink& progress_;
};

}  // namespace courier
