#include "courier/completion.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "ledger/settings.h"

namespace courier {
namespace {

// A word as the program would be given it: quotes and backslashes taken off.
std::string unquoted(const std::string& word) {
  std::string out;
  char quote = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    if (c == '\\' && quote != '\'' && i + 1 < word.size()) {
      out += word[++i];
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else {
      out += c;
    }
  }
  return out;
}

// "on|off", "fast|default|small": the words of a value.
std::vector<Candidate> listed_words(const std::string& value) {
  std::vector<Candidate> words;
  if (value.empty() ||
      std::ranges::any_of(value, [](unsigned char c) { return std::isupper(c); })) {
    return words;
  }
  for (const std::string& word : CLI::detail::split(value, '|')) words.push_back({word, ""});
  return words;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }
bool takes_several(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

std::string value_name(const CLI::Option& option) {
  return option.get_positional() ? option.get_name(true) : option.get_type_name();
}

std::vector<const CLI::Option*> positionals(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

// The words so far, as far as they are understood.
struct Line {
  const CLI::App* app = nullptr;         // the innermost command
  std::string command;                   // "parcel create"
  std::vector<const CLI::Option*> used;  // options that were given
  const CLI::Option* open = nullptr;     // the option whose value the cursor is at, or may be
  bool value_due = false;                // it must have one
  std::size_t values = 0;                // positionals that were given
  std::string home;
};

const CLI::Option* option_of(const CLI::App* app, const std::string& word) {
  for (; app != nullptr; app = app->get_parent()) {
    if (const CLI::Option* option = app->get_option_no_throw(word)) return option;
  }
  return nullptr;
}

const CLI::App* subcommand_of(const CLI::App& app, const std::string& word) {
  const auto found =
      app.get_subcommands([&](const CLI::App* sub) { return sub->check_name(word); });
  return found.empty() ? nullptr : found.front();
}

void take_option(Line& line, const std::string& word) {
  const std::size_t equals = word.find('=');
  line.open = option_of(line.app, word.substr(0, equals));
  line.value_due = false;
  if (line.open == nullptr) return;
  line.used.push_back(line.open);
  line.value_due = takes_value(*line.open) && equals == std::string::npos;
  if (line.open->check_lname("home") && equals != std::string::npos) {
    line.home = word.substr(equals + 1);
  }
  if (!takes_value(*line.open)) line.open = nullptr;
}

void take_plain(Line& line, const std::string& word) {
  if (line.open != nullptr && word == "=") return;  // bash cuts --level=fast into three words
  if (line.open != nullptr && line.value_due) {
    if (line.open->check_lname("home")) line.home = word;
    line.value_due = false;
    if (!takes_several(*line.open)) line.open = nullptr;
    return;
  }
  if (const CLI::App* sub = subcommand_of(*line.app, word)) {
    line.app = sub;
    line.command += (line.command.empty() ? "" : " ") + word;
    line.open = nullptr;
  } else if (line.open == nullptr) {
    ++line.values;
  }
}

Line understand(const CLI::App& program, std::span<const std::string> words) {
  Line line;
  line.app = &program;
  for (const std::string& raw : words) {
    const std::string word = unquoted(raw);
    if (word.size() > 1 && word[0] == '-' && !line.value_due) {
      take_option(line, word);
    } else {
      take_plain(line, word);
    }
  }
  return line;
}

class Offer {
 public:
  Offer(std::string current, const Line& line, const NamedThings& named)
      : current_(std::move(current)), line_(line), named_(named) {}

  void add(const Candidate& candidate) {
    if (candidate.word.starts_with(current_)) found_.candidates.push_back(candidate);
  }
  void add(const std::vector<Candidate>& candidates) {
    for (const Candidate& one : candidates) add(one);
  }
  void commands() {
    for (const CLI::App* sub : line_.app->get_subcommands([](const CLI::App*) { return true; })) {
      add({sub->get_name(), sub->get_description()});
    }
  }
  void options() {
    for (const CLI::App* app = line_.app; app != nullptr; app = app->get_parent()) {
      for (const CLI::Option* option : app->get_options()) {
        const bool again = takes_several(*option) || std::ranges::count(line_.used, option) == 0;
        if (option->get_lnames().empty() || !again) continue;
        // Each command has its own --help.
        if (app != line_.app && option->check_lname("help")) continue;
        const std::string& what = option->get_description();
        add({"--" + option->get_lnames().front(), what.substr(0, what.find('\n'))});
      }
    }
  }
  // The values of an option or a positional.
  void values(const CLI::Option& option) {
    const std::string name = value_name(option);
    add(listed_words(name));
    if (name == "SITE" || name == "CODE" || name == "CODE|FINGERPRINT") {
      if (line_.command != "site init") things(NamedThing::site);
    } else if (name == "SITE,...") {
      list_of_sites();
    } else if (name == "TARGET...") {
      things(NamedThing::target);
    } else if (name == "ID" || name == "ID|FILE") {
      const bool parcels =
          line_.command.starts_with("parcel") || line_.command.starts_with("media");
      if (line_.command != "package add" && !option.check_lname("id")) {
        things(parcels ? NamedThing::parcel : NamedThing::package);
      }
      found_.files |= name == "ID|FILE";
    } else if (name == "N" && line_.command.starts_with("job")) {
      things(NamedThing::job);
    } else if (name == "NAME" && (option.check_lname("dp") || line_.command.starts_with("dp")) &&
               line_.command != "dp add") {
      things(NamedThing::dp);
    } else if (name == "NAME=VALUE") {
      for (const SettingRow& row : setting_table()) {
        add({std::string(row.name) + "=", std::string(row.what)});
      }
    } else if (name == "FILE" || name == "SOURCE") {
      found_.files = true;
    } else if (name == "DIR" || name == "PATH" || name == "TARGET") {
      found_.folders = true;
    }
  }
  Completion take() { return std::move(found_); }

 private:
  void things(NamedThing thing) { add(named_(thing, line_.home)); }
  // PSE,T: the sites behind those that are there.
  void list_of_sites() {
    const std::size_t comma = current_.rfind(',');
    const std::string before = comma == std::string::npos ? "" : current_.substr(0, comma + 1);
    for (const Candidate& site : named_(NamedThing::site, line_.home)) {
      if (before.find(site.word) == std::string::npos) add({before + site.word, site.what});
    }
  }

  std::string current_;
  const Line& line_;
  const NamedThings& named_;
  Completion found_;
};

}  // namespace

Completion complete(const CLI::App& program, std::span<const std::string> words,
                    const std::string& current, const NamedThings& named) {
  Line line = understand(program, words);
  std::string prefix = unquoted(current);
  if (line.open != nullptr && prefix == "=") prefix.clear();
  // --level=fa in one word, as zsh has it: the option goes back in front of each word.
  const std::size_t equals = prefix.starts_with("--") ? prefix.find('=') : std::string::npos;
  if (equals != std::string::npos && !line.value_due) {
    take_option(line, prefix.substr(0, equals));
    if (line.open == nullptr) return {};
    Offer offer(prefix.substr(equals + 1), line, named);
    offer.values(*line.open);
    Completion found = offer.take();
    for (Candidate& one : found.candidates) one.word.insert(0, prefix, 0, equals + 1);
    return found;
  }
  Offer offer(prefix, line, named);
  if (line.open != nullptr && line.value_due) {
    offer.values(*line.open);
    return offer.take();
  }
  if (prefix.starts_with("-")) {
    offer.options();
    return offer.take();
  }
  offer.commands();
  if (line.open != nullptr) offer.values(*line.open);
  const auto places = positionals(*line.app);
  if (line.values < places.size()) {
    offer.values(*places[line.values]);
  } else if (!places.empty() && takes_several(*places.back())) {
    offer.values(*places.back());
  }
  return offer.take();
}

}  // namespace courier
