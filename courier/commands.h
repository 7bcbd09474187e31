// Commands: the nouns and verbs of the command line, each with its options, an example and what it
// does. One file per noun adds its own.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/entropy.h"
#include "base/file_system.h"
#include "base/progress.h"
#include "courier/home.h"
#include "courier/report.h"
#include "media/usb_gate.h"

namespace courier {

struct GlobalOptions {
  std::string home;  // empty: the default
  bool json = false, events = false, no_progress = false, verbose = false, quiet = false,
       version = false;
  std::string passphrase_file;
  int passphrase_fd = -1;
};

// What a running command is given.
struct Context {
  const GlobalOptions& options;
  FileSystem& fs;
  Clock& clock;
  Entropy& entropy;
  std::string home_path;
  Home* opened_home;  // null: the command needs none and there is none
  ProgressSink progress;
  std::function<void(const std::string&)> talk;  // whole lines to stderr, unless -q
  // For a command that needs its keys only sometimes, or those of a home that it opens anew. The
  // passphrase is asked for once.
  std::function<void(Home&)> unlock;
  std::function<void(const Report&)> show;  // before the command's own report, as it comes
  bool shows_progress = false;              // somebody sees it

  Home& home() const;
  // As this site's setting has it; without a home nothing odd passes.
  UsbGate gate() const;
};

using Run = std::function<Report(Context&)>;

class Commands {
 public:
  explicit Commands(CLI::App& app) : app_(app) {}

  CLI::App& noun(const std::string& name, const std::string& what);
  // Adds a verb beneath a noun, or beneath the program itself. `example` is one command line.
  CLI::App& verb(CLI::App& parent, const std::string& name, const std::string& what,
                 const std::string& example, Run run);
  CLI::App& verb(const std::string& name, const std::string& what, const std::string& example,
                 Run run) {
    return verb(app_, name, what, example, std::move(run));
  }
  // A place for a verb's options that lives as long as this.
  template <typename Options>
  Options& options() {
    auto kept = std::make_unique<Kept<Options>>();
    Options& value = kept->value;
    kept_.push_back(std::move(kept));
    return value;
  }

  struct Verb {
    std::string command;  // "parcel create"
    CLI::App* app;
    Run run;
    std::string variant = {};  // "--watch": with it the verb has a row of its own in needs.h
  };
  const std::vector<Verb>& verbs() const { return verbs_; }
  // The verb added last is another command with this option.
  void has_variant(const std::string& option) { verbs_.back().variant = option; }
  const CLI::App& program() const { return app_; }

 private:
  struct KeptBase {
    virtual ~KeptBase() = default;
  };
  template <typename Options>
  struct Kept : KeptBase {
    Options value;
  };
  CLI::App& app_;
  std::vector<Verb> verbs_;
  std::vector<std::unique_ptr<KeptBase>> kept_;
};

void add_site_commands(Commands& commands);
void add_backup_verbs(Commands& commands, CLI::App& site);  // site backup, site restore
void add_package_commands(Commands& commands);
void add_dp_commands(Commands& commands);
void add_address_commands(Commands& commands);
void add_distribute_commands(Commands& commands);
void add_status_commands(Commands& commands);
void add_job_commands(Commands& commands);
void add_parcel_commands(Commands& commands);
void add_repair_verb(Commands& commands, CLI::App& parcel);  // parcel repair
void add_slip_verb(Commands& commands, CLI::App& parcel);    // parcel slip
void add_media_commands(Commands& commands);
void add_drive_verbs(Commands& commands, CLI::App& media);  // media list, tidy, eject
void add_receive_commands(Commands& commands);
void add_console_command(Commands& commands);
void add_store_commands(Commands& commands);
void add_log_command(Commands& commands);
void add_completion_commands(Commands& commands);  // completion, manual

// What the scripts of `courier completion` ask: prints a line for each word that may stand at the
// cursor, the last of `words`. Returns the exit status.
int answer_completion(const CLI::App& program, const std::vector<std::string>& words);

// By what the program reaches the world: the system's own, or a test's.
struct Machine {
  FileSystem& fs;
  Clock& clock;
  Entropy& entropy;
};

// Parses the command line, runs the command and prints its report. Returns the exit status.
int run_command_line(int argc, const char* const* argv, const Machine& machine);

}  // namespace courier
