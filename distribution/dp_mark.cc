#include "distribution/dp_mark.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/safe_path.h"

namespace courier {
namespace {

using Json = nlohmann::json;

constexpr int kMarkVersion = 1;

// Reads the members of one object; every fault is one message that names the member.
class Members {
 public:
  Members(ByteView bytes, std::string subject) : subject_(std::move(subject)) {
    if (bytes.size() > kMaxMarkSize) fail("is larger than 64 KiB");
    json_ = Json::parse(bytes.begin(), bytes.end(), nullptr, /*allow_exceptions=*/false);
    if (!json_.is_object()) fail("is not a JSON object");
    if (number("courier", 1u << 16) != kMarkVersion) {
      throw Error{ErrorCode::unsupported, subject_, "was written by a newer courier"};
    }
  }
  Members(Json json, std::string subject, int) : subject_(std::move(subject)) {
    if (!json.is_object()) fail("has a member that is not an object");
    json_ = std::move(json);
  }

  bool has(const char* name) const { return json_.contains(name); }
  Members object(const char* name) const { return Members{member(name), subject_, 0}; }

  std::string text(const char* name, std::size_t max_size) const {
    const Json& value = member(name);
    if (!value.is_string()) fail(std::string(name) + " is not text");
    auto text = value.get<std::string>();
    if (text.empty() || text.size() > max_size) fail(std::string(name) + " has a wrong length");
    return text;
  }

  std::uint64_t number(const char* name, std::uint64_t max) const {
    const Json& value = member(name);
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > max) {
      fail(std::string(name) + " is not a number in its range");
    }
    return value.get<std::uint64_t>();
  }

  std::string name(const char* member_name) const {
    std::string value = text(member_name, 255);
    if (!SafeName::is_safe(value)) fail(std::string(member_name) + " is not a safe name");
    return value;
  }

  std::string hex(const char* name, std::size_t digits) const {
    std::string value = text(name, digits);
    if (value.size() != digits ||
        value.find_first_not_of("0123456789abcdef") != std::string::npos) {
      fail(std::string(name) + " is not " + std::to_string(digits) + " hex digits");
    }
    return value;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error{ErrorCode::damaged, subject_, what};
  }

 private:
  const Json& member(const char* name) const {
    auto found = json_.find(name);
    if (found == json_.end()) fail(std::string("has no member ") + name);
    return *found;
  }

  std::string subject_;
  Json json_;
};

// Names are raw bytes on a share but text in JSON: what is no UTF-8 is not written as a name.
std::string dumped(const Json& json) { return json.dump(2) + "\n"; }

}  // namespace

std::string_view word(SwapMeans means) {
  return means == SwapMeans::exchange ? "exchange" : "two-renames";
}

std::string DpMark::encode() const {
  return dumped({{"courier", kMarkVersion},
                 {"what", "distribution point of Courier; do not remove"},
                 {"site", site.str()},
                 {"dp", dp},
                 {"id", id},
                 {"made", to_seconds(made)},
                 {"swap", std::string(word(swap))}});
}

DpMark DpMark::parse(ByteView json) {
  Members members{json, "mark .courier/dp.json"};
  DpMark mark;
  auto site = SiteCode::try_parse(members.text("site", 3));
  if (!site) members.fail("site is not a site code");
  mark.site = *site;
  mark.dp = members.text("dp", 255);
  mark.id = members.hex("id", 32);
  mark.made = from_seconds(static_cast<std::int64_t>(members.number("made", 1ull << 33)));
  const std::string swap = members.text("swap", 16);
  if (swap == word(SwapMeans::exchange)) {
    mark.swap = SwapMeans::exchange;
  } else if (swap == word(SwapMeans::two_renames)) {
    mark.swap = SwapMeans::two_renames;
  } else {
    members.fail("swap is neither exchange nor two-renames");
  }
  return mark;
}

std::string ServedRecord::encode() const {
  Json json = {{"courier", kMarkVersion},
               {"package", package.str()},
               {"folder", folder},
               {"version", version},
               {"root", root.hex()}};
  if (swap) json["swap"] = {{"staged", swap->staged}, {"retired", swap->retired}};
  if (former) json["former"] = *former;
  return dumped(json);
}

ServedRecord ServedRecord::parse(ByteView json) {
  Members members{json, "record in .courier/served"};
  ServedRecord record;
  auto package = PackageId::try_parse(members.text("package", 8));
  if (!package) members.fail("package is not a package ID");
  record.package = *package;
  record.folder = members.name("folder");
  record.version = static_cast<std::uint32_t>(members.number("version", UINT32_MAX));
  record.root = Digest::from_hex(members.hex("root", 64));
  if (members.has("swap")) {
    Members swap = members.object("swap");
    record.swap = Swap{swap.name("staged"), swap.name("retired")};
  }
  if (members.has("former")) record.former = members.name("former");
  return record;
}

}  // namespace courier
