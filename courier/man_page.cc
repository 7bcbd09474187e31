#include "courier/man_page.h"

#include <fmt/format.h>

#include <algorithm>

namespace courier {
namespace {

// Text as roff prints it: no character of it is a request or an escape, and a minus stays one.
std::string roff(const std::string& text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    at_start = c == '\n';
  }
  return out;
}

std::string bold(const std::string& text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + roff(text) + "\\fR"; }

// What stands for a positional in a synopsis.
std::string place(const CLI::Option& option) {
  std::string text = italic(option.get_name(true));
  if (option.get_items_expected_max() > 1) text += " ...";
  return option.get_required() ? text : "[" + text + "]";
}

std::vector<const CLI::App*> subcommands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::string synopsis(const CLI::App& app, const std::string& command) {
  std::string text = bold(command) + " [" + italic("options") + "]";
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      text += " " + place(*option);
    } else if (option->get_required()) {
      text +=
          " " + bold("--" + option->get_lnames().front()) + " " + italic(option->get_type_name());
    }
  }
  return text;
}

std::string described(const CLI::Option& option) {
  std::string text;
  for (const auto& [dashes, names] :
       {std::pair("-", &option.get_snames()), std::pair("--", &option.get_lnames())}) {
    for (const std::string& name : *names) {
      text += (text.empty() ? "" : ", ") + bold(dashes + name);
    }
  }
  if (option.get_positional()) text = italic(option.get_name(true));
  if (!option.get_positional() && option.get_items_expected_max() > 0) {
    text += " " + italic(option.get_type_name());
  }
  return ".TP\n" + text + "\n" + roff(option.get_description()) + "\n";
}

std::string options_of(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->check_lname("help")) text += described(*option);
  }
  return text;
}

// "example:\n  courier ..." of a verb's footer.
std::string example_of(const CLI::App& verb) {
  const std::string footer = verb.get_footer();
  const std::size_t at = footer.find("courier ");
  return at == std::string::npos ? "" : footer.substr(at);
}

std::string verb_text(const CLI::App& verb, const std::string& command) {
  std::string text = ".SS " + synopsis(verb, command) + "\n" + roff(verb.get_description()) +
                     ".\n" + options_of(verb);
  if (const std::string example = example_of(verb); !example.empty()) {
    text += ".PP\nExample:\n.PP\n.RS 4\n.nf\n" + roff(example) + "\n.fi\n.RE\n";
  }
  return text;
}

std::string page(const std::string& name, const std::string& what, const std::string& body) {
  std::string upper = name;
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return fmt::format(".TH {} 1 \"\" \"courier {}\" \"Courier manual\"\n", roff(upper),
                     COURIER_VERSION) +
         ".SH NAME\n" + roff(name) + " \\- " + roff(what) + "\n" + body;
}

std::string see_also(const CLI::App& program, const std::string& but) {
  std::string text = ".SH SEE ALSO\n";
  std::string list = but == "courier" ? "" : bold("courier") + "(1)";
  for (const CLI::App* sub : subcommands(program)) {
    const std::string name = "courier-" + sub->get_name();
    if (name != but) list += (list.empty() ? "" : ",\n") + bold(name) + "(1)";
  }
  return text + list + "\n";
}

ManPage page_of(const CLI::App& program, const CLI::App& noun) {
  const std::string name = "courier-" + noun.get_name(), command = "courier " + noun.get_name();
  std::string forms, text;
  const auto verbs = subcommands(noun);
  for (const CLI::App* verb : verbs) {
    forms += (forms.empty() ? "" : "\n.br\n") + synopsis(*verb, command + " " + verb->get_name());
    text += verb_text(*verb, command + " " + verb->get_name());
  }
  if (verbs.empty()) {
    forms = synopsis(noun, command);
    text = verb_text(noun, command);
  }
  return {name + ".1", page(name, noun.get_description(),
                            ".SH SYNOPSIS\n" + forms + "\n.SH COMMANDS\n" + text +
                                ".SH OPTIONS\nThe options of " + bold("courier") +
                                "(1) come anywhere on the line.\n" + see_also(program, name))};
}

ManPage main_page(const CLI::App& program) {
  std::string body = ".SH SYNOPSIS\n" + bold("courier") + " [" + italic("options") + "] " +
                     italic("noun") + " " + italic("verb") + " ...\n.SH DESCRIPTION\n" +
                     roff(program.get_description()) + "\n.SH OPTIONS\n" + options_of(program) +
                     ".SH COMMANDS\n";
  for (const CLI::App* sub : subcommands(program)) {
    body += ".TP\n" + bold("courier-" + sub->get_name()) + "(1)\n" + roff(sub->get_description()) +
            "\n";
    for (const CLI::App* verb : subcommands(*sub)) {
      body += ".br\n" + bold(sub->get_name() + " " + verb->get_name()) + ": " +
              roff(verb->get_description()) + "\n";
    }
  }
  body += ".SH NOTES\n" + roff(program.get_footer()) + "\n" + see_also(program, "courier");
  return {"courier.1", page("courier", "software for sites that have no network", body)};
}

}  // namespace

std::vector<ManPage> man_pages(const CLI::App& program) {
  std::vector<ManPage> pages{main_page(program)};
  for (const CLI::App* noun : subcommands(program)) pages.push_back(page_of(program, *noun));
  return pages;
}

}  // namespace courier
