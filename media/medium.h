// Medium: the seam between parcels and what they are carried on. It stands after parcel/ on the way
// out and before importer/ on the way in, and handles parcels as opaque runs of frames: it sees no
// key and no content.
//
// Duties of every implementation, checked by tests/unit/media/medium_contract_test.cc:
//  - a parcel is known by its content, never by its name;
//  - what is read is read forwards, each byte once, by plain reads; random access is there for
//    repairing what was damaged, where the medium has it;
//  - a write is done when the bytes were read back from the medium, past every cache;
//  - nothing that lies there already is overwritten or changed;
//  - every failure of the medium is an Error of code device that names medium, file and byte.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/progress.h"
#include "base/vocabulary.h"
#include "media/medium_identity.h"
#include "media/usb_gate.h"
#include "media/volume_bytes.h"

namespace courier {

// Something on the medium that begins like a parcel, or ends with recovery data in its place.
struct OfferedVolume {
  std::string path;        // for messages: where it lies
  std::uint64_t size = 0;  // in bytes, as the medium says
  ByteSource source;       // from its first byte; open, never looked up again by its name
  VolumeBytes bytes;       // of the same open file; without read_at where it is forward-only
};

struct ScanResult {
  std::size_t found = 0;          // how many were offered
  std::vector<Error> unreadable;  // files and folders of which nobody knows what they are
};

// A copy on a medium, proved by reading it back.
struct ProvedCopy {
  std::string path;
  std::uint64_t size = 0;
  Digest digest;           // DigestKind::file, of the whole file
  bool was_there = false;  // an identical file lay there already, and was proved again
  bool direct = false;     // read back with O_DIRECT; else after the page cache was dropped
  MediumIdentity medium;
  // Of a tape just written: how often it ran dry, stopped and had to start again.
  std::optional<std::uint64_t> underruns = {};
};

class Medium {
 public:
  virtual ~Medium() = default;

  virtual MediumIdentity identity() = 0;

  // Calls each for everything that is like a parcel, in the order of the names; each may keep
  // the source. Errors: device, when the medium itself cannot be read; what each throws.
  virtual ScanResult scan(const std::function<void(OfferedVolume&&)>& each) = 0;

  // How many bytes one volume that is written now may have: what is free, the largest file its file
  // system holds, and a little kept back for the file system's own needs. 0 when it is full.
  // Errors: device, also when it is read-only; usage, when it cannot be written to.
  virtual std::uint64_t room() = 0;

  // Writes the whole of `from` under `name` and proves it. Progress: phases "writing" and
  // "verifying". Errors: no_space, in numbers, before the first byte; not_allowed, when `name` is
  // there with other content; device, when the medium is read-only, fails, or gives back something
  // else; what from.read_at throws. Ensures: after a failure nothing new is left under `name`.
  virtual ProvedCopy write_proved(const VolumeBytes& from, const std::string& name,
                                  const ProgressSink& progress) = 0;
};

// The medium that TARGET or SOURCE names: "iso:FILE", an optical drive "/dev/sr0", a drive or image
// without a file system "raw:PATH", a tape drive "/dev/nst0" or a tape's file "tape:FILE", a
// mounted folder, or (to read) a single file. The gate looks at the drive before anybody looks at
// its content. serial: the drive's, which is asked for when "raw:" is to be written to.
// Errors: not_found; device; usage, when it is something else; as UsbGate::check.
std::unique_ptr<Medium> open_medium(FileSystem& fs, const std::string& target,
                                    const UsbGate& gate = {}, const std::string& serial = {});

// Whether it names a folder or file, so that what lies there has a path that can be opened by
// itself; discs, images and tapes have not.
bool names_a_path(const std::string& target);

// "PUN-PSE-000012.pcl", and of volume 2 of several "PUN-PSE-000012.v2.pcl" on a file system,
// "PUN_PSE_000012_V2" as the label of a disc or tape. For people only: nothing is ever concluded
// from it. number: from 1; 0: the whole parcel.
std::string parcel_file_name(const ParcelId& id, std::uint32_t number = 0);
std::string parcel_disc_label(const ParcelId& id, std::uint32_t number = 0);
// Of a spare volume, from 1: "PUN-PSE-000012.s1.pcl" and "PUN_PSE_000012_S1".
std::string spare_file_name(const ParcelId& id, std::uint32_t number);
std::string spare_disc_label(const ParcelId& id, std::uint32_t number);

}  // namespace courier
