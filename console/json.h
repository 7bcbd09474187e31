// JSON documents of the console. Text from outside (a drive's label, a file's name) gets in by
// shown_text alone: a browser is given valid UTF-8 without control characters.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace courier {

using Json = nlohmann::ordered_json;

// Valid printable UTF-8 as it is, every other byte as \xNN.
std::string shown_text(std::string_view raw);

// As one line. What is no valid UTF-8, which only a faulty child would send, is replaced.
std::string compact(const Json& json);

// {"code", "message", "loss", "hint", "status"}
Json problem_json(const Error& error);

// Of an object, or nothing that is of the type: documents of children are read as those of a
// stranger, so that one that is not as expected is a gap on the page and no end of the console.
std::string text_at(const Json& json, const char* key);
std::uint64_t number_at(const Json& json, const char* key);
bool flag_at(const Json& json, const char* key);
const Json& object_at(const Json& json, const char* key);
const Json& list_at(const Json& json, const char* key);

}  // namespace courier
