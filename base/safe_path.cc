#include "base/safe_path.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/error.h"

namespace courier {

namespace {

constexpr std::size_t kMaxName = 255, kMaxPath = 4096, kMaxComponents = 256;

// Names and paths from a medium may be long; a message shows their beginning.
std::string shown(std::string_view raw) {
  return raw.size() <= 300 ? escaped(raw) : escaped(raw.substr(0, 300)) + "...";
}

// Why a name is not safe, or empty.
std::string_view name_fault(std::string_view raw) {
  if (raw.empty()) return "is empty";
  if (raw == "." || raw == "..") return "leads out of its folder";
  if (raw.size() > kMaxName) return "is longer than 255 bytes";
  if (raw.find('/') != std::string_view::npos) return "holds a slash";
  if (raw.find('\0') != std::string_view::npos) return "holds a NUL byte";
  return {};
}

void check_limits(std::string_view path, std::size_t components) {
  if (path.size() > kMaxPath) {
    throw Error(ErrorCode::damaged, "path '" + shown(path) + "'", "is longer than 4096 bytes");
  }
  if (components > kMaxComponents) {
    throw Error(ErrorCode::damaged, "path '" + shown(path) + "'", "has more than 256 parts");
  }
}

}  // namespace

SafeName SafeName::parse(std::string_view raw) {
  if (const std::string_view fault = name_fault(raw); !fault.empty()) {
    throw Error(ErrorCode::damaged, "name '" + shown(raw) + "'", std::string(fault));
  }
  return SafeName(std::string(raw));
}

bool SafeName::is_safe(std::string_view raw) { return name_fault(raw).empty(); }

SafePath SafePath::parse(std::string_view raw) {
  SafePath path;
  if (raw.empty()) return path;
  const std::string subject = "path '" + shown(raw) + "'";
  if (raw.front() == '/') throw Error(ErrorCode::damaged, subject, "is absolute");
  path.path_ = raw;
  const auto parts = path.components();
  check_limits(raw, parts.size());
  for (const std::string_view part : parts) {
    if (const std::string_view fault = name_fault(part); !fault.empty()) {
      throw Error(ErrorCode::damaged, subject, fmt::format("its part '{}' {}", shown(part), fault));
    }
  }
  return path;
}

SafePath SafePath::child(const SafeName& name) const {
  SafePath path;
  path.path_ = path_.empty() ? name.str() : path_ + '/' + name.str();
  check_limits(path.path_, components().size() + 1);
  return path;
}

SafePath SafePath::parent() const {
  SafePath path;
  if (const std::size_t slash = path_.rfind('/'); slash != std::string::npos) {
    path.path_ = path_.substr(0, slash);
  }
  return path;
}

std::vector<std::string_view> SafePath::components() const {
  std::vector<std::string_view> parts;
  if (path_.empty()) return parts;
  std::string_view rest = path_;
  for (;;) {
    const std::size_t slash = rest.find('/');
    parts.push_back(rest.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    rest.remove_prefix(slash + 1);
  }
}

std::string_view SafePath::last() const {
  const std::string_view path = path_;
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace courier
