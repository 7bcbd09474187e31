#include "console/json.h"

#include "base/utf8.h"

namespace courier {
namespace {

const Json* member(const Json& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto it = json.find(key);
  return it == json.end() ? nullptr : &*it;
}

bool is_control(std::uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) ||
         // What turns the direction of the text around it.
         (code_point >= 0x202a && code_point <= 0x202e) ||
         (code_point >= 0x2066 && code_point <= 0x2069);
}

}  // namespace

std::string shown_text(std::string_view raw) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  while (!raw.empty()) {
    const Utf8Char next = decode_utf8(raw);
    if (next.valid && !is_control(next.code_point)) {
      text += raw.substr(0, next.size);
    } else {
      for (const char byte : raw.substr(0, next.size)) {
        const auto value = static_cast<unsigned char>(byte);
        text += {'\\', 'x', kDigits[value >> 4], kDigits[value & 15]};
      }
    }
    raw.remove_prefix(next.size);
  }
  return text;
}

std::string compact(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json problem_json(const Error& error) {
  return {{"code", row_of(error.code()).name},
          {"status", error.exit_status()},
          {"message", shown_text(error.what())},
          {"loss", shown_text(error.loss())},
          {"hint", shown_text(error.hint())}};
}

std::string text_at(const Json& json, const char* key) {
  const Json* found = member(json, key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_at(const Json& json, const char* key) {
  const Json* found = member(json, key);
  return found != nullptr && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

bool flag_at(const Json& json, const char* key) {
  const Json* found = member(json, key);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

const Json& object_at(const Json& json, const char* key) {
  static const Json none = Json::object();
  const Json* found = member(json, key);
  return found != nullptr && found->is_object() ? *found : none;
}

const Json& list_at(const Json& json, const char* key) {
  static const Json none = Json::array();
  const Json* found = member(json, key);
  return found != nullptr && found->is_array() ? *found : none;
}

}  // namespace courier
