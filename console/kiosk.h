// Kiosk: what becomes of the drives that are put in, one state machine each:
//
//   put in -> reading -> empty | foreign | refused | offer | problem
//   offer --take--> taking -> done | waiting (for another volume) | problem
//   any of them --return, eject--> taking -> what it was before | problem
//   other content in it: reading, as soon as nothing is under way; what came while it was taken in
//   is looked at when the result is dismissed
//   taken out: forgotten; during its work, or while that waits for its turn, which is given up:
//   gone, which says so until it is dismissed
//
// A parcel that was under way when the power went, and a volume that is waited for, go on by
// themselves; with kiosk.auto-receive everything for this site does. Nothing of this is written
// down: after a restart each drive is looked at again, and identify knows from the ledger what came
// before. Whatever is pressed, in any order, by several people: an action that the state does not
// offer changes nothing.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "console/job_runner.h"
#include "console/kiosk_drive.h"

namespace courier {

struct SiteFacts {
  std::string code, name, version;
};

class Kiosk {
 public:
  // changed: called when the state is another one.
  Kiosk(JobRunner& jobs, const Clock& clock, SiteFacts site, std::function<void()> changed)
      : jobs_(jobs), clock_(clock), site_(std::move(site)), changed_(std::move(changed)) {}

  // All that are there now. Those of the time before that are missing were taken out.
  void set_present(const std::vector<PresentDrive>& present);
  // Errors: not_found, for no such drive; not_allowed, when its state does not offer it.
  void act(const std::string& drive, DriveAction action);

  // Whether a drive here brings this parcel.
  bool shows(const std::string& parcel) const;

  // The document of GET /api/v1/kiosk.
  Json json() const;
  // Of one drive. Errors: not_found.
  Json drive_json(const std::string& id) const;

 private:
  using Ended = void (Kiosk::*)(KioskDrive&, const JobEnd&);

  void tell();  // the page, with when each problem came
  KioskDrive& find(const std::string& id);
  void forget(const std::string& id);
  void look(KioskDrive& drive);
  void look_if_changed(KioskDrive& drive);
  void know_settings(KioskDrive& drive, const JobEnd& end);
  void looked(KioskDrive& drive, const JobEnd& end);
  void take(KioskDrive& drive);
  void taken(KioskDrive& drive, const JobEnd& end);
  void know_taken(KioskDrive& drive, const JobEnd& end);
  void taken_while_out(KioskDrive& drive);
  void eject(KioskDrive& drive);
  void ejected(KioskDrive& drive, const JobEnd& end);
  void put_aside(KioskDrive& drive);
  void bring_back(KioskDrive& drive);
  bool put_back(KioskDrive& drive, const JobEnd& end);
  void write_return(KioskDrive& drive);
  void returned(KioskDrive& drive, const JobEnd& end);
  void start(KioskDrive& drive, std::vector<std::string> command, bool holds_home, Ended ended);
  void show_progress(KioskDrive& drive, const Json& line);
  void taken_out(KioskDrive& drive);
  void taken_back(KioskDrive& drive);
  bool goes_when_out(const KioskDrive& drive) const;

  JobRunner& jobs_;
  const Clock& clock_;
  const SiteFacts site_;
  const std::function<void()> changed_;
  std::list<KioskDrive> drives_;
  std::map<std::string, std::uint64_t> dismissed_;  // by key: not shown until so often changed
  std::uint64_t last_ = 0;
  bool takes_in_ = false;  // kiosk.auto-receive, as of the last look
  std::string return_to_;  // kiosk.return-to
};

}  // namespace courier
