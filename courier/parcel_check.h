// Checks a parcel file, or a volume of one, without opening it: the label's signature, and of every
// record that the sender made it for this parcel at this place. Needs no key and no home.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/progress.h"
#include "courier/report.h"
#include "media/spare_table.h"
#include "parcel/parcel_reader.h"
#include "signer/key_ring.h"
#include "signer/trust_list.h"

namespace courier {

// What a home knows of signers.
struct KnownSigners {
  const KeyRing& keys;
  const TrustList& trust;
};

struct ParcelCheck {
  Label label;
  std::string title, fingerprint;
  std::string signer;              // "this site", "known", "not known here", ...
  std::uint64_t records = 0;       // genuine ones
  RecordRanges missing;            // damaged or not there
  RecordRanges missing_here;       // of them those that this volume should have
  std::uint64_t records_here = 0;  // genuine ones that this volume should have
  std::uint64_t forged = 0;
  VolumeHeader volume;
  std::optional<SpareTable> spare_table;  // what it tells of spare volumes
  bool is_spare() const { return spare_table && spare_table->is_of_spare(); }
  ParcelTail tail;
  std::optional<Error> problem;
  // The same of this volume by itself: that there are others is none.
  std::optional<Error> own_problem;
};

// Errors: damaged (no parcel, a head that cannot be read), unsupported, bad_signature, revoked,
// not_trusted, device. What is wrong with its records is the result's problem.
ParcelCheck check_parcel(FileSystem& fs, const Fd& file, const std::string& path,
                         const std::optional<KnownSigners>& known, const ProgressSink& progress);
// size: of the stream, for progress.
ParcelCheck check_parcel(ByteSource source, std::uint64_t size, const std::string& path,
                         const std::optional<KnownSigners>& known, const ProgressSink& progress);
// "volume 2 of 3", "spare volume 1 of 2"; empty of a parcel in one piece.
std::string volume_words(const VolumeHeader& volume, const std::optional<SpareTable>& table);

Json check_json(const ParcelCheck& check, const std::string& path);
std::string check_text(const ParcelCheck& check, const std::string& path);

}  // namespace courier
