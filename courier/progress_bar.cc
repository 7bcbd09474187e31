#include "courier/progress_bar.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <iostream>

#include "base/bytes.h"
#include "courier/report.h"
#include "courier/table.h"

namespace courier {
namespace {

constexpr auto kBetweenDrawings = std::chrono::milliseconds(100);
constexpr std::size_t kBarColumns = 20;

std::size_t terminal_columns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// Before this nothing is said of the time; and a phase's own pace is not known.
constexpr double kSecondsToKnow = 1;

double in_seconds(std::chrono::nanoseconds span) {
  return std::chrono::duration<double>(span).count();
}

// The end of a long subject says more than its beginning.
std::string shortened(std::string text, std::size_t columns) {
  if (display_width(text) <= columns) return text;
  if (columns < 4) return "";
  while (!text.empty() && display_width(text) > columns - 3) {
    text.erase(0, 1);
    while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xc0) == 0x80) {
      text.erase(0, 1);
    }
  }
  return "..." + text;
}

}  // namespace

bool Pace::note(const ProgressEvent& event, std::chrono::nanoseconds now) {
  const bool is_new =
      !is_begun_ || event.phase_index != last_.phase_index || event.phase != last_.phase;
  if (!is_begun_) began_ = now;
  if (is_new) phase_began_ = now;
  is_begun_ = true;
  last_ = event;
  now_ = now;
  return is_new;
}

double Pace::seconds_left() const {
  return courier::seconds_left(last_, in_seconds(now_ - phase_began_), in_seconds(now_ - began_));
}

double seconds_left(const ProgressEvent& event, double seconds_in_phase, double seconds_in_all) {
  const double share = event.share(), of_phase = event.share_of_phase();
  if (share <= 0 || seconds_in_all < kSecondsToKnow) return -1;
  const double whole = seconds_in_all / share;
  const double later = 1 - event.part_before() - event.part_in_phase();
  double phase = whole * event.part_in_phase() * (1 - of_phase);
  if (of_phase > 0 && seconds_in_phase >= kSecondsToKnow) {
    phase = seconds_in_phase * (1 - of_phase) / of_phase;
  }
  return std::max(0.0, phase + whole * later);
}

std::string human_duration(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::llround(std::max(0.0, seconds)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string progress_line(const ProgressEvent& event, double seconds_left, std::size_t columns) {
  std::string tail;
  if (event.total > 0) {
    const double share = event.share_of_phase();
    const auto full = static_cast<std::size_t>(share * kBarColumns);
    tail = fmt::format(" [{}{}] {:3.0f} %  {} of {}", std::string(full, '#'),
                       std::string(kBarColumns - full, '.'), share * 100, human_size(event.done),
                       human_size(event.total));
    if (seconds_left >= 0) tail += "  " + human_duration(seconds_left) + " left";
  } else {
    tail = "  " + human_size(event.done);
  }
  std::string head = event.phase;
  if (event.phase_count > 1) {
    head = fmt::format("{}/{} {}", event.phase_index + 1, event.phase_count, event.phase);
  }
  const std::size_t used = display_width(head) + display_width(tail) + 1;
  if (!event.subject.empty() && used < columns) {
    head += " " + shortened(printable(event.subject), columns - used);
  }
  return (head + tail).substr(0, columns + (head + tail).size() - display_width(head + tail));
}

ProgressBar::ProgressBar(const Clock& clock, bool enabled)
    : clock_(clock), enabled_(enabled && isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() { clear(); }

ProgressSink ProgressBar::sink() {
  if (!enabled_) return {};
  return [this](const ProgressEvent& event) { draw(event); };
}

void ProgressBar::clear() {
  if (shown_) std::cerr << "\r\x1b[K" << std::flush;
  shown_ = false;
}

void ProgressBar::draw(const ProgressEvent& event) {
  const auto now = clock_.monotonic();
  if (!pace_.note(event, now) && shown_ && now - drawn_ < kBetweenDrawings) return;
  drawn_ = now;
  shown_ = true;
  const std::string line = progress_line(event, pace_.seconds_left(), terminal_columns() - 1);
  std::cerr << "\r\x1b[K" << line << std::flush;
}

}  // namespace courier
