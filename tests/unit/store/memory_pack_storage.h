// Packs in memory: the fake that keeps the contract of PackStorage.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "base/error.h"
#include "store/pack_storage.h"

namespace courier::test {

// What outlives a storage, as a disk does. Guarded by its mutex.
struct MemoryPacks {
  std::mutex mutex;
  std::map<Digest, Bytes> packs;
};

class MemoryPackStorage final : public PackStorage {
 public:
  explicit MemoryPackStorage(MemoryPacks& memory) : memory_(memory) {}

  std::unique_ptr<PackSink> create() override { return std::make_unique<Sink>(memory_); }
  void read(const Digest& pack, std::uint64_t offset, MutableByteView out) override {
    std::lock_guard lock(memory_.mutex);
    const Bytes& content = at(pack);
    if (offset > content.size() || out.size() > content.size() - offset) {
      throw Error(ErrorCode::damaged, "pack " + pack.brief(), "is too short");
    }
    std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  }
  std::uint64_t size(const Digest& pack) override {
    std::lock_guard lock(memory_.mutex);
    return at(pack).size();
  }
  std::vector<Digest> list() override {
    std::lock_guard lock(memory_.mutex);
    std::vector<Digest> names;
    for (const auto& [name, content] : memory_.packs) names.push_back(name);
    return names;
  }
  void remove(const Digest& pack) override {
    std::lock_guard lock(memory_.mutex);
    memory_.packs.erase(pack);
  }
  std::size_t sweep() override { return 0; }
  SpaceInfo space() override { return {1u << 30, 1u << 30}; }

 private:
  class Sink final : public PackSink {
   public:
    explicit Sink(MemoryPacks& memory) : memory_(memory) {}
    void write(ByteView data) override {
      content_.insert(content_.end(), data.begin(), data.end());
    }
    void commit(const Digest& name) override {
      std::lock_guard lock(memory_.mutex);
      memory_.packs[name] = std::move(content_);
    }

   private:
    MemoryPacks& memory_;
    Bytes content_;
  };

  const Bytes& at(const Digest& pack) const {
    const auto found = memory_.packs.find(pack);
    if (found == memory_.packs.end()) {
      throw Error(ErrorCode::not_found, "pack " + pack.brief(), "is not there");
    }
    return found->second;
  }

  MemoryPacks& memory_;
};

}  // namespace courier::test
