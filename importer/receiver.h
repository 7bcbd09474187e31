// Receiver: takes one offered parcel, whole or in volumes, through the states of
// behaviours.md 10.3. Used by receive() and run_waiting(), for parcels on a medium and for those in
// quarantine alike. Not for other rooms.
#pragma once

#include <vector>

#include "importer/item_runner.h"
#include "importer/offers.h"
#include "importer/parcel_progress.h"
#include "importer/receive.h"
#include "importer/volume_records.h"

namespace courier {

// The volumes of one parcel that a medium holds, and copies of them. The first has a head that
// counts; of the others some may have none: then theirs is read with the first one's.
using OfferedParcel = std::vector<OpenOffer*>;

class Receiver {
 public:
  Receiver(const ImporterParts& parts, ParcelProgress& progress)
      : parts_(parts), progress_(progress) {}

  // Precondition: not empty, and is_for_us(volumes.front()->offer). Errors: what stops everything
  // (the ledger, the home's device); what is wrong with this parcel is in the report.
  ReceivedParcelReport take(const OfferedParcel& volumes);

  // Runs the items of a parcel that is accepted, from its rows.
  ReceivedParcelReport go_on(const IncomingParcel& parcel);

 private:
  ReceivedParcelReport take_genuine(const OfferedParcel& volumes);
  ReceivedParcelReport quarantine(const OfferedParcel& volumes);
  ReceivedParcelReport refuse(OpenOffer& open);
  IncomingParcel begin(const OpenOffer& open, const OpenedParcel& opened);
  // Despools and says whether the parcel is as complete as it will get of what was seen of it.
  bool take_records(const OfferedParcel& volumes, const OpenedParcel& opened,
                    const IncomingParcel& parcel, ReceivedParcelReport& report);
  bool has_space(const OfferedParcel& volumes, const IncomingParcel& parcel, bool again,
                 ReceivedParcelReport& report);
  void stay_incomplete(const OfferedParcel& volumes, const IncomingParcel& parcel,
                       const TakenRecords& taken, ReceivedParcelReport& report);
  void run_items(const IncomingParcel& parcel, bool again, ReceivedParcelReport& report);
  void note_failure(const Error& error, ReceivedParcelReport& report);
  void show_items(const Digest& label, ReceivedParcelReport& report);

  const ImporterParts& parts_;
  ParcelProgress& progress_;
};

}  // namespace courier
