// store: the content store of this site.
#include <fmt/format.h>

#include "courier/advice.h"
#include "courier/commands.h"
#include "courier/table.h"
#include "ledger/kept_content.h"

namespace courier {
namespace {

struct StoreOptions {
  bool del = false;
};

Report stats(Context& context) {
  const StoreStats stats = context.home().store().stats();
  Report report;
  report.json = {{"packs", stats.packs},
                 {"blocks", stats.blocks},
                 {"chunks", stats.chunks},
                 {"nodes", stats.nodes},
                 {"roots", stats.roots},
                 {"raw_bytes", stats.raw_bytes},
                 {"stored_bytes", stats.stored_bytes},
                 {"damaged_blocks", stats.damaged_blocks},
                 {"free_bytes", stats.free_bytes},
                 {"total_bytes", stats.total_bytes}};
  report.text = listing(
      {{"packs", std::to_string(stats.packs)},
       {"blocks", std::to_string(stats.blocks)},
       {"chunks", std::to_string(stats.chunks)},
       {"nodes", std::to_string(stats.nodes)},
       {"package versions", std::to_string(stats.roots)},
       {"content", fmt::format("{}, stored in {}", human_size(stats.raw_bytes),
                               human_size(stats.stored_bytes))},
       {"damaged blocks", stats.damaged_blocks == 0 ? "" : std::to_string(stats.damaged_blocks)},
       {"free",
        fmt::format("{} of {}", human_size(stats.free_bytes), human_size(stats.total_bytes))}});
  return report;
}

Report checked(const CheckReport& check, const std::string& what) {
  Report report;
  Json problems = Json::array();
  std::string text;
  for (const CheckProblem& problem : check.problems) {
    problems.push_back({{"pack", problem.pack.hex()},
                        {"block", problem.block < 0 ? Json() : Json(problem.block)},
                        {"what", json_text(problem.what)}});
    text +=
        printable(problem.block < 0 ? fmt::format("pack {}: {}", problem.pack.brief(), problem.what)
                                    : fmt::format("pack {} block {}: {}", problem.pack.brief(),
                                                  problem.block, problem.what)) +
        "\n";
  }
  report.json = {{"packs", check.packs},           {"blocks", check.blocks},
                 {"objects", check.objects},       {"bytes", check.bytes},
                 {"clean", check.clean()},         {"problem_count", check.problem_count},
                 {"problems", std::move(problems)}};
  report.text =
      fmt::format("{}: {}, {}, {}, {}: {}\n", what, counted(check.packs, "pack", "packs"),
                  counted(check.blocks, "block", "blocks"),
                  counted(check.objects, "object", "objects"), human_size(check.bytes),
                  check.clean() ? "clean" : counted(check.problem_count, "problem", "problems")) +
      text;
  if (!check.clean()) {
    report.problem =
        Error(ErrorCode::damaged, "content store",
              counted(check.problem_count, "problem", "problems") +
                  (check.problems.empty() ? "" : ", first: " + check.problems.front().what))
            .with_loss("what is damaged counts as missing; the rest is whole")
            .with_hint(
                "a site asks for what is missing in its next return parcel; at the origin "
                "run 'courier package update' from the source");
  }
  return report;
}

Report check(Context& context) {
  return checked(context.home().store().check(context.progress), "store checked");
}

Report rebuild(Context& context) {
  Home& home = context.home();
  return checked(Store::rebuild_index(context.fs, home.store_path(), nullptr, context.progress),
                 "index made again from the packs");
}

Report gc(Context& context, const StoreOptions& options) {
  Home& home = context.home();
  const KeptContent kept = kept_content(home.ledger());
  if (options.del) forget_unkept(home.ledger(), kept);
  // Only a gap in a stored version is a reason to free nothing.
  const GcRoots roots{kept.roots, kept.partial, kept.packs};
  const GcReport gc = home.store().gc(roots, options.del, context.progress);
  Report report;
  report.json = {{"live_objects", gc.live_objects},           {"live_bytes", gc.live_bytes},
                 {"unused_objects", gc.dead_objects},         {"unused_bytes", gc.dead_bytes},
                 {"reclaimable_bytes", gc.reclaimable_bytes}, {"packs_removed", gc.packs_removed},
                 {"packs_rewritten", gc.packs_rewritten},     {"packs_left", gc.packs_left},
                 {"missing_nodes", gc.missing_nodes},         {"deleted", gc.deleted}};
  report.text =
      fmt::format("used: {}, {}\nunused: {}, {}\n", counted(gc.live_objects, "object", "objects"),
                  human_size(gc.live_bytes), counted(gc.dead_objects, "object", "objects"),
                  human_size(gc.dead_bytes));
  report.text +=
      gc.deleted
          ? fmt::format("freed: {} ({} removed, {} rewritten)\n", human_size(gc.reclaimable_bytes),
                        counted(gc.packs_removed, "pack", "packs"), gc.packs_rewritten)
          : fmt::format("would free {}; '{}' does\n", human_size(gc.reclaimable_bytes),
                        advised("courier store gc --delete"));
  if (options.del && !gc.deleted) {
    throw Error(
        ErrorCode::incomplete, "store",
        fmt::format("{} of what its versions need {} missing, so that what is unused is not "
                    "known: nothing was freed",
                    gc.missing_nodes, gc.missing_nodes == 1 ? "is" : "are"))
        .with_hint("receive what is missing first, or remove the package version");
  }
  return report;
}

}  // namespace

void add_store_commands(Commands& commands) {
  CLI::App& store = commands.noun("store", "the content store");
  StoreOptions& o = commands.options<StoreOptions>();
  commands.verb(store, "stats", "what is in it and what it takes", "courier store stats",
                [](Context& context) { return stats(context); });
  commands.verb(store, "check", "read every pack, block and object", "courier store check",
                [](Context& context) { return check(context); });
  CLI::App& gc_verb =
      commands.verb(store, "gc", "list what nothing uses; with --delete free it",
                    "courier store gc --delete", [&o](Context& context) { return gc(context, o); });
  gc_verb.add_flag("--delete", o.del, "free it");
  commands.verb(store, "rebuild-index", "make the index again from the packs alone",
                "courier store rebuild-index", [](Context& context) { return rebuild(context); });
}

}  // namespace courier
