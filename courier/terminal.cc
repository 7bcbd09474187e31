#include "courier/terminal.h"

#include <poll.h>
#include <unistd.h>

#include <iostream>

namespace courier {

bool can_ask() { return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1; }

bool is_heard() {
  pollfd output{STDOUT_FILENO, 0, 0};
  return ::poll(&output, 1, 0) <= 0 || (output.revents & POLLERR) == 0;
}

bool ask_yes(const std::string& text, const std::string& question) {
  std::cerr << text << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

std::string ask_line(const std::string& text) {
  std::cerr << text << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer;
}

bool wait_for_enter(const std::string& text) {
  std::cerr << text << std::flush;
  std::string answer;
  return std::getline(std::cin, answer) && answer != "q" && answer != "Q";
}

}  // namespace courier
