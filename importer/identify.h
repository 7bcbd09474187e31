// Identify: what is on this medium: from, to, date, items, signer, verdict. Changes nothing,
// neither on the medium nor in the home (B14), and works without a home.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/vocabulary.h"
#include "base/volume_header.h"
#include "ledger/states.h"
#include "media/spare_table.h"
#include "parcel/label.h"

namespace courier {

class KeyRing;
class TrustList;
class Ledger;

// What a site can say about a parcel offered to it. Judged in this order.
enum class Standing {
  unreadable,      // not a whole parcel head, or of a newer format: see error
  own,             // made by this very site: no error, left alone
  for_others,      // addressed elsewhere: left alone
  refused,         // for this site, but revoked, wrongly signed, of an older incarnation: see error
  unknown_signer,  // for this site, intact, by a signer not known here: quarantine
  intact,          // no home to judge it by: intact, by a signer not known here
  known,           // for this site and already Processed: its return can be written again
  genuine,         // for this site, by a key that counts
};
std::string_view word(Standing);

struct OfferedItem {
  std::string kind;  // word of the kind, or "unknown kind 9"
  std::uint64_t job = 0;
  PackageId package;
  std::uint32_t version = 0;
  std::string package_name;
  std::uint64_t content_bytes = 0, files = 0;
  std::vector<std::string> dps;
};

// What became here of a parcel so far.
struct CameBefore {
  IncomingState state;
  std::vector<std::uint64_t> missing_volumes;  // as far as volumes tell of others
  // The volume that is offered was begun and not read to its end: it was taken out, or failed.
  bool is_cut_off = false;
};

struct Offer {
  std::string path;
  std::uint64_t file_bytes = 0;
  Standing standing = Standing::unreadable;
  std::optional<Error> error;  // of unreadable, refused, unknown_signer: the three-part message
  // All below is from the label; nothing of it when unreadable.
  Label label;
  Digest label_digest;
  VolumeHeader volume;                    // as it states itself; unsigned
  std::optional<SpareTable> spare_table;  // as it tells of spare volumes, or is one; unsigned
  ParcelId id;               // for this site when it is an addressee, else for the first
  std::string title;         // "PUN-PSE-000001", "PUN-PSE-000001 (and 2 more)"
  std::string fingerprint;   // of the signing key, for people
  bool is_signed = false;    // the label is whole and signed by the key it names
  bool is_return = false;    // it has verdicts and nothing else
  bool is_repaired = false;  // its head is damaged, and was read by its recovery data
  // The last bytes are not a volume's end: it is cut off, or damaged there. Not told of a tape.
  bool lacks_its_end = false;
  // Of genuine and known offers, when this site's keys are here and unlocked.
  std::vector<OfferedItem> items;
  std::optional<CameBefore> before;  // of the same
};

// What a home knows. Without it, signatures are checked by the label's own key.
struct IdentifyHome {
  const KeyRing& keys;
  const TrustList& trust;
  Ledger& ledger;
};

// A parcel for this site that what is on the medium, and what came before, do not complete.
struct PartOfParcel {
  ParcelId id;
  std::string missing;  // "volume 2 of 3 is missing"
};

struct IdentifyReport {
  std::vector<Offer> offers;  // for this site first, by sender and number
  std::vector<PartOfParcel> parts;
  // 0: something here is for this site and can be received; else the worst of what is for it; 3:
  // only for others; 7: no parcel at all.
  int exit_status = 7;
};

// Errors: as open_medium and Medium::scan (media/medium.h).
IdentifyReport identify(FileSystem& fs, const std::string& source,
                        const std::optional<IdentifyHome>& home);

}  // namespace courier
