#include "console/console.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/error.h"
#include "console/assets.h"
#include "console/drive_watcher.h"
#include "console/event_stream.h"
#include "console/job_runner.h"
#include "console/kiosk.h"
#include "console/report_view.h"
#include "console/router.h"
#include "console/session.h"
#include "console/site_api.h"

namespace courier {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBetweenEvents{100}, kPing{15'000}, kTurn{60'000};
constexpr std::chrono::seconds kForChildren{20};  // to end by themselves

std::vector<std::string> global_options(const ConsoleOptions& options) {
  std::vector<std::string> global = {"--home=" + options.home};
  if (!options.passphrase_file.empty()) {
    global.push_back("--passphrase-file=" + options.passphrase_file);
  }
  return global;
}

class Console {
 public:
  Console(FileSystem& fs, const Clock& clock, const ConsoleOptions& options, int stop)
      : options_(options),
        sessions_(clock),
        jobs_(loop_, "/proc/self/exe", global_options(options)) {
    loop_.watch(stop, [this, stop] {
      loop_.forget(stop);
      is_stopping_ = true;
    });
    const SiteFacts site = site_facts();
    kiosk_.emplace(jobs_, clock, site, [this] { changed(); });
    if (is_stopping_) return;
    site_.emplace(fs, clock, options.home, jobs_, sessions_, [this] {
      have_works_changed_ = true;
      changed();
    });
    server_.emplace(
        loop_, options.listen,
        HttpServer::Handlers{[this](const HttpRequest& request) { return early(request); },
                             [this](const HttpRequest& request) { return handle(request); }});
    ListenAddress address = options.listen;
    address.port = server_->port();
    names_.emplace(address.authority(), address.is_any());
    url_ = "http://" + address.authority() + "/";
    watcher_.emplace(loop_, fs,
                     DriveWatcher::Options{options.home, options.folders, site.code + "-", true},
                     [this](const auto& present) { kiosk_->set_present(present); });
    ping();
  }

  const std::string& url() const { return url_; }

  void run() {
    while (!is_stopping_) loop_.turn(kTurn);
    watcher_.reset();
    server_.reset();
    jobs_.stop_all();
    const auto end = std::chrono::steady_clock::now() + kForChildren;
    while (!jobs_.is_idle() && std::chrono::steady_clock::now() < end)
      loop_.turn(milliseconds(200));
  }

 private:
  // Of the home, which is then known to be one.
  SiteFacts site_facts() {
    std::optional<JobEnd> end;
    JobRequest request;
    request.command = {"site", "show"};
    request.on_end = [&](JobEnd ended) { end = std::move(ended); };
    jobs_.start(std::move(request));
    while (!end && !is_stopping_) loop_.turn(kTurn);
    if (!end) return {};
    if (end->status != 0) {
      const Json problem = problem_of(end->report, end->status)
                               .value_or(ended_problem(end->status, end->is_too_long));
      const auto rows = error_code_table();
      const auto row = std::ranges::find(rows, text_at(problem, "code"), &ErrorCodeRow::name);
      throw Error(row == rows.end() ? ErrorCode::internal : row->code, "console",
                  text_at(problem, "message"))
          .with_loss(text_at(problem, "loss"))
          .with_hint(text_at(problem, "hint"));
    }
    return {text_at(end->report, "code"), text_at(end->report, "name"), options_.version};
  }

  // What is refused, or needs no body.
  std::optional<HttpAnswer> early(const HttpRequest& request) {
    Refusal refusal;
    const std::optional<Call> call = find_route(request, refusal);
    const std::string token = sessions_.token_in(request.cookie);
    if (!call) {
      return names_->are(request.host)
                 ? refused(refusal)
                 : refused({403, "not-allowed",
                            "this console has another name than the one in Host",
                            "use the address that it told when it started"});
    }
    if (const auto why = check_request(request, *call->route, *names_, !token.empty())) {
      return refused(*why);
    }
    if (call->route->needs == Needs::operator_ && !site_->is_operator(token)) {
      if (site_->has_passphrase()) {
        return refused({401, "no-passphrase", "this needs the operator's passphrase", "log in"});
      }
      return refused({401, "no-passphrase-set", "this site has no passphrase for its page yet",
                      "set one on this machine: " + site_->how_to_set()});
    }
    return std::nullopt;
  }

  HttpAnswer handle(const HttpRequest& request) {
    try {
      Refusal refusal;
      const std::optional<Call> call = find_route(request, refusal);
      if (!call) return refused(refusal);
      const std::optional<Json> body = parse_body(request.body, refusal);
      if (!body) return refused(refusal);
      const Operation operation = call->route->operation;
      if (!body->empty() && operation != Operation::login && operation != Operation::start_work) {
        return refused({400, "usage", "this address takes no members", "send {}, or no body"});
      }
      return perform(request, *call, *body);
    } catch (const Error& error) {
      return failed(error);
    } catch (const std::exception& error) {
      return failed(Error(ErrorCode::internal, "console", error.what()));
    }
  }

  HttpAnswer perform(const HttpRequest& request, const Call& call, const Json& body) {
    const std::string token = sessions_.token_in(request.cookie);
    switch (call.route->operation) {
      case Operation::page:
        return page(request, "kiosk.html");
      case Operation::site_page:
        return page(request, "site.html");
      case Operation::asset:
        return asset(request, call.parameters.at(0));
      case Operation::kiosk:
        return json_answer(200, kiosk_->json());
      case Operation::events:
        return events(token);
      case Operation::drive_action:
        return drive_action(call.parameters.at(0), call.parameters.at(1));
      case Operation::receipt:
      case Operation::receipt_picture:
        // At the kiosk, of what the kiosk shows.
        if (!kiosk_->shows(call.parameters.at(0)) && !site_->is_operator(token)) {
          return refused({404, "not-found", "no drive that is in brings this parcel",
                          "put it in again, or log in at the site's page"});
        }
        return site_->perform(call, body, token);
      default:
        return site_->perform(call, body, token);
    }
  }

  HttpAnswer page(const HttpRequest& request, std::string_view name) {
    HttpAnswer answer = asset(request, name);
    if (answer.status < 400 && sessions_.token_in(request.cookie).empty()) {
      answer.headers.emplace_back("Set-Cookie", Sessions::set_cookie(sessions_.make()));
    }
    return answer;
  }

  HttpAnswer asset(const HttpRequest& request, std::string_view name) {
    const std::optional<Asset> found = find_asset(name);
    if (!found)
      return refused(
          {404, "not-found", "there is no such file of the pages", "load the page again"});
    HttpAnswer answer;
    answer.content_type = found->content_type;
    answer.headers = {{"ETag", std::string(found->tag)}, {"Cache-Control", "no-cache"}};
    if (request.if_none_match == found->tag) {
      answer.status = 304;
    } else {
      answer.asset = found->content;
    }
    return answer;
  }

  HttpAnswer events(const std::string& token) {
    server_->forget_closed_streams();
    const std::shared_ptr<EventStream> stream = hub_.open();
    if (!stream) {
      HttpAnswer answer = refused({503, "busy", "too many pages are open", "close some of them"});
      answer.headers.emplace_back("Retry-After", "5");
      return answer;
    }
    stream->push("kiosk", EventStream::frame("kiosk", compact(kiosk_->json())));
    if (site_->is_operator(token)) {
      stream->token = token;
      stream->push("works", EventStream::frame("works", compact(site_->works().list())));
    }
    HttpAnswer answer;
    answer.content_type = "text/event-stream";
    answer.stream = stream;
    return answer;
  }

  HttpAnswer drive_action(const std::string& drive, const std::string& word) {
    const std::optional<DriveAction> action = parse_drive_action(word);
    if (!action) {
      return refused({404, "not-found", "there is no action '" + word + "'", "see docs/api.md"});
    }
    kiosk_->act(drive, *action);
    return json_answer(202, kiosk_->drive_json(drive));
  }

  // At once when the last time is long enough ago, else as soon as it is.
  void changed() {
    if (event_timer_ != 0) return;
    const auto since = std::chrono::steady_clock::now() - last_event_;
    const auto wait = std::chrono::ceil<milliseconds>(kBetweenEvents - since);
    event_timer_ = loop_.call_after(std::max(wait, milliseconds(0)), [this] {
      event_timer_ = 0;
      last_event_ = std::chrono::steady_clock::now();
      if (hub_.count() == 0) return;
      hub_.send("kiosk", compact(kiosk_->json()));
      if (std::exchange(have_works_changed_, false)) {
        hub_.send("works", compact(site_->works().list()),
                  [this](const EventStream& one) { return site_->is_still_operator(one.token); });
      }
    });
  }

  // Finds out which browsers have gone.
  void ping() {
    hub_.send("ping", "{}");
    loop_.call_after(kPing, [this] { ping(); });
  }

  const ConsoleOptions options_;
  EventLoop loop_;
  EventHub hub_;
  Sessions sessions_;
  JobRunner jobs_;
  std::optional<Kiosk> kiosk_;
  std::optional<SiteApi> site_;
  std::optional<OwnNames> names_;
  std::optional<HttpServer> server_;
  std::optional<DriveWatcher> watcher_;
  std::string url_;
  std::uint64_t event_timer_ = 0;
  std::chrono::steady_clock::time_point last_event_{};
  bool have_works_changed_ = false, is_stopping_ = false;
};

}  // namespace

void run_console(FileSystem& fs, const Clock& clock, const ConsoleOptions& options, int stop,
                 const std::function<void(const std::string& url)>& said) {
  Console console(fs, clock, options, stop);
  said(console.url());
  console.run();
}

}  // namespace courier
