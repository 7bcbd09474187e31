// RecordMap: which objects each record of an outgoing parcel carries, kept beside the parcel until
// it is Confirmed: HOME/outbox/<label digest>.map. From it the origin resolves "records 12-17 are
// missing" to objects, so that only those travel again.
//
// Bytes: "PCLM" u16 version (1), label digest, varint record count, then per record a varint number
// of objects and for each u8 kind and its digest; at the end the BLAKE2b digest (kind file) of all
// before. Read as a stream: memory does not grow with the parcel.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/durable.h"
#include "base/file_system.h"

namespace courier {

struct MappedObject {
  DigestKind kind = DigestKind::chunk;
  Digest digest;
};

class RecordMapWriter {
 public:
  // Writes beneath dir; the file gets its name (from the label digest) in commit().
  RecordMapWriter(FileSystem& fs, const Fd& dir, const Digest& label, std::uint64_t records);
  ~RecordMapWriter();
  void add(const std::vector<MappedObject>& objects);  // of the next record
  void commit();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string record_map_name(const Digest& label);

// Errors: not_found; damaged.
void read_record_map(FileSystem& fs, const std::string& path, const Digest& label,
                     const std::function<void(std::uint64_t record, const MappedObject&)>& each);

}  // namespace courier
