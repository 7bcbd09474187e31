// PackStorage: the seam behind which packs lie: immutable files named by digest. A folder here; an
// object store one day.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/durable.h"
#include "base/file_system.h"

namespace courier {

// A pack that is being written. Without commit() nothing of it stays.
class PackSink {
 public:
  virtual ~PackSink() = default;
  virtual void write(ByteView data) = 0;  // Errors: no_space, device
  // Makes it durable under its name. A pack of that name that is there already is as good: packs
  // are named by digest. Errors: no_space, device.
  virtual void commit(const Digest& name) = 0;
};

// Thread-safe, except that one sink belongs to one thread.
class PackStorage {
 public:
  virtual ~PackStorage() = default;
  virtual std::unique_ptr<PackSink> create() = 0;
  // Exactly out.size() bytes at offset. Errors: not_found; damaged, when the pack is shorter;
  // device.
  virtual void read(const Digest& pack, std::uint64_t offset, MutableByteView out) = 0;
  virtual std::uint64_t size(const Digest& pack) = 0;  // Errors: not_found
  virtual std::vector<Digest> list() = 0;              // complete packs, sorted
  virtual void remove(const Digest& pack) = 0;         // nothing there is no error
  virtual std::size_t sweep() = 0;  // removes what crashes left; returns how many
  virtual SpaceInfo space() = 0;
};

// DIR/xx/<digest>.pack, xx being the first two digits.
class FolderPackStorage final : public PackStorage {
 public:
  // Makes the folder if it is missing. Errors: device, no_space.
  FolderPackStorage(FileSystem& fs, const std::string& dir);
  ~FolderPackStorage() override;
  std::unique_ptr<PackSink> create() override;
  void read(const Digest& pack, std::uint64_t offset, MutableByteView out) override;
  std::uint64_t size(const Digest& pack) override;
  std::vector<Digest> list() override;
  void remove(const Digest& pack) override;
  std::size_t sweep() override;
  SpaceInfo space() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace courier
