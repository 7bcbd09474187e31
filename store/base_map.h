// BaseMap: for each object that is to be coded against old content, which old content that is. It
// lies in a private temporary file beyond its cache, so that memory is bounded however many they
// are.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/digest.h"
#include "store/block_against.h"

namespace courier {

// The old content that one object replaces, as far as it is known.
struct BasePlace {
  BaseForm form = BaseForm::object;
  Digest object;
  std::uint64_t floor = 0, ceiling = 0;  // what of `object` there is to be a base
  std::uint64_t first = 0, end = 0;      // where in that it is expected
  std::uint64_t slack = 0;               // how far from there it is still worth looking
  bool operator==(const BasePlace&) const = default;
};

class BaseMap {
 public:
  BaseMap();
  ~BaseMap();
  BaseMap(BaseMap&&) noexcept;
  BaseMap& operator=(BaseMap&&) noexcept;

  // The first place that is told of an object stands.
  void add(const Digest& object, const BasePlace& place);
  std::optional<BasePlace> find(const Digest& object) const;
  std::uint64_t count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace courier
