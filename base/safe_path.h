// SafePath: a relative path that cannot leave the folder it is used beneath. No path from a parcel
// is ever anything else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace courier {

// One component: 1 to 255 bytes, not "." or "..", without '/' and NUL. Any other bytes are kept as
// they are.
class SafeName {
 public:
  // Errors: damaged, with the name escaped and the reason.
  static SafeName parse(std::string_view raw);
  static bool is_safe(std::string_view raw);
  const std::string& str() const { return name_; }
  auto operator<=>(const SafeName&) const = default;

 private:
  explicit SafeName(std::string name) : name_(std::move(name)) {}
  std::string name_;
};

// Components joined by '/'; may be empty (the folder itself). At most 4,096 bytes and 256
// components.
class SafePath {
 public:
  SafePath() = default;
  static SafePath parse(std::string_view raw);  // Errors: damaged
  SafePath child(const SafeName& name) const;   // Errors: damaged, beyond the limits
  SafePath parent() const;                      // of the empty path: the empty path
  const std::string& str() const { return path_; }
  std::vector<std::string_view> components() const;  // views into this
  std::string_view last() const;
  bool empty() const { return path_.empty(); }
  auto operator<=>(const SafePath&) const = default;

 private:
  std::string path_;
};

}  // namespace courier
