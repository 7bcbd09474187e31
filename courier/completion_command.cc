// completion and manual: the program's own description of its command line, for shells and for man.
#include <fmt/format.h>

#include <iostream>

#include "courier/commands.h"
#include "courier/completion.h"
#include "courier/man_page.h"
#include "courier/shown.h"
#include "ledger/dp_book.h"
#include "ledger/incoming_book.h"
#include "ledger/job_book.h"
#include "ledger/package_book.h"
#include "ledger/parcel_book.h"
#include "ledger/site_book.h"

namespace courier {
namespace {

// A key was pressed: rather nothing than a wait.
constexpr std::chrono::milliseconds kPatience{300};

constexpr const char* kBash = R"(# bash completion of courier; made by: courier completion bash
_courier() {
  local current=${COMP_WORDS[COMP_CWORD]} line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current") ;;
      :folders) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$current") ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${COMP_WORDS[0]/#\~\//$HOME/}" complete "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$current" 2>/dev/null)
  [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace
}
complete -F _courier courier
)";

constexpr const char* kZsh = R"(#compdef courier
# zsh completion of courier; made by: courier completion zsh
_courier() {
  local line
  local -a found
  for line in "${(@f)$("${(Q)words[1]}" complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :files) _files ;;
      :folders) _files -/ ;;
      ?*) found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done
  _describe courier found
}
if [ "$funcstack[1]" = _courier ]; then _courier "$@"; else compdef _courier courier; fi
)";

std::vector<Candidate> sites(Ledger& ledger) {
  std::vector<Candidate> found;
  for (const SiteRow& site : SiteBook(ledger).list()) {
    if (site.role != SiteRole::self && site.joined_now) {
      found.push_back({site.code.str(), site.name});
    }
  }
  return found;
}

std::vector<Candidate> dps(Ledger& ledger) {
  std::vector<Candidate> found;
  for (const DpRow& dp : DpBook(ledger).list()) found.push_back({dp.name, "distribution point"});
  return found;
}

std::vector<Candidate> packages(Ledger& ledger) {
  std::vector<Candidate> found;
  for (const PackageRow& package : PackageBook(ledger).list()) {
    found.push_back({package.id.str(), package.name});
  }
  return found;
}

std::vector<Candidate> parcels(Ledger& ledger) {
  std::vector<Candidate> found;
  for (const ParcelRow& parcel : ParcelBook(ledger).list()) {
    for (const ParcelAddressee& addressee : parcel.addressees) {
      found.push_back({addressee.id.str(), std::string(word(addressee.state))});
    }
  }
  for (const IncomingParcel& parcel : IncomingBook(ledger).list()) {
    found.push_back({parcel.id.str(), std::string(word(parcel.state))});
  }
  return found;
}

std::vector<Candidate> jobs(Ledger& ledger) {
  std::vector<Candidate> found;
  for (const JobRow& job : JobBook(ledger).list()) {
    found.push_back(
        {std::to_string(job.number), fmt::format("{} version {} to {}", job.package.str(),
                                                 job.version, target_text(job.site, job.dps))});
  }
  return found;
}

// Reads the ledger alone: no keys, no lock, no store. Whatever is wrong with it is for a command to
// say, not for the Tab key.
std::vector<Candidate> named_things(NamedThing thing, const std::string& home) {
  try {
    const SystemClock clock;
    const std::string path = find_home(home) + "/ledger.sqlite";
    Ledger ledger = Ledger::open(path, clock, {{}, kPatience, false});
    switch (thing) {
      case NamedThing::site:
        return sites(ledger);
      case NamedThing::package:
        return packages(ledger);
      case NamedThing::parcel:
        return parcels(ledger);
      case NamedThing::job:
        return jobs(ledger);
      case NamedThing::dp:
        return dps(ledger);
      case NamedThing::target: {
        std::vector<Candidate> found = sites(ledger);
        for (Candidate& dp : dps(ledger)) found.push_back(std::move(dp));
        return found;
      }
    }
  } catch (const std::exception&) {
  }
  return {};
}

Report script(const std::string& shell) {
  Report report;
  report.text = completion_script(shell);
  report.json = {{"shell", shell}, {"script", report.text}};
  return report;
}

Report manual(Context& context, const CLI::App& program, const std::string& directory) {
  const std::vector<ManPage> pages = man_pages(program);
  const Fd dir = make_dirs(context.fs, directory, 0755);
  Report report;
  Json files = Json::array();
  for (const ManPage& page : pages) {
    write_durably(context.fs, dir, page.file, as_bytes(page.text), Replace::always, 0644);
    files.push_back(page.file);
    report.text += page.file + "\n";
  }
  report.json = {{"directory", json_text(directory)}, {"files", std::move(files)}};
  return report;
}

}  // namespace

std::string completion_script(const std::string& shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  throw Error(ErrorCode::usage, "shell " + shell, "is none of bash, zsh");
}

int answer_completion(const CLI::App& program, const std::vector<std::string>& words) {
  if (words.empty()) return row_of(ErrorCode::usage).exit_status;
  const std::span<const std::string> before(words.data(), words.size() - 1);
  const Completion found = complete(program, before, words.back(), named_things);
  if (found.files) std::cout << ":files\n";
  if (found.folders) std::cout << ":folders\n";
  for (const Candidate& one : found.candidates) {
    std::cout << printable(one.word) << '\t' << printable(one.what) << '\n';
  }
  return 0;
}

void add_completion_commands(Commands& commands) {
  struct Options {
    std::string shell, directory;
  };
  Options& o = commands.options<Options>();
  CLI::App& completion_verb =
      commands.verb("completion", "print the completion script of a shell",
                    "courier completion bash > /etc/bash_completion.d/courier",
                    [&o](Context&) { return script(o.shell); });
  completion_verb.add_option("bash|zsh", o.shell, "the shell")->required();
  CLI::App& manual_verb = commands.verb(
      "manual", "write the manual pages, one for each noun",
      "courier manual /usr/local/share/man/man1",
      [&](Context& context) { return manual(context, commands.program(), o.directory); });
  manual_verb.add_option("DIR", o.directory, "the folder to write them to")->required();
}

}  // namespace courier
