#include "courier/meant_command.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string_view>
#include <vector>

namespace courier {
namespace {

constexpr std::size_t kMostMistakes = 2;

// Letters left out, put in, replaced, or in each other's place (optimal string alignment).
std::size_t mistakes(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  std::iota(cost[0].begin(), cost[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1,
                             cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::optional<UnknownCommand> unknown_command(const CLI::App& app) {
  const CLI::App* level = &app;
  std::string command = app.get_name();
  while (!level->get_subcommands().empty()) {
    level = level->get_subcommands().front();
    command += " " + level->get_name();
  }
  const auto names = level->get_subcommands([](const CLI::App*) { return true; });
  const std::vector<std::string> words = app.remaining(true);
  // Behind an option that there is none of, a word may be its value.
  if (names.empty() || words.empty() || words.front().empty() || words.front()[0] == '-')
    return std::nullopt;

  UnknownCommand found{words.front(), ""};
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (const CLI::App* name : names) {
    const std::size_t made = mistakes(found.word, name->get_name());
    // Of a short word another one is made as easily.
    if (made > kMostMistakes || 2 * made >= found.word.size() || made >= fewest) continue;
    fewest = made;
    found.meant = command + " " + name->get_name();
  }
  return found;
}

}  // namespace courier
