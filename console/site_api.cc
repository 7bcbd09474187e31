#include "console/site_api.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <utility>

#include "base/durable.h"
#include "base/error.h"
#include "base/vocabulary.h"
#include "console/report_view.h"

namespace courier {
namespace {

constexpr std::size_t kMostLooks = 8;
// Anybody at the kiosk may have them, and each unlocks the site's keys, which takes 256 MiB: they
// are made one at a time.
constexpr std::size_t kMostReceipts = 8;
constexpr std::size_t kLargestPicture = 1 << 20;

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::not_allowed:
      return 409;
    case ErrorCode::usage:
      return 400;
    case ErrorCode::busy:
      return 503;
    default:
      return 500;
  }
}

int status_of(const Json& problem) {
  for (const ErrorCodeRow& row : error_code_table()) {
    if (row.name == text_at(problem, "code")) return status_of(row.code);
  }
  return 500;
}

std::uint64_t number_in(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return 0;
  return number;
}

std::vector<std::string> words_of(std::string_view command) {
  std::istringstream stream{std::string(command)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// What a child reported as an answer: its document, or its problem where it has no other facts.
HttpAnswer answer_of(const JobEnd& end) {
  if (!end.reported)
    return json_answer(500, {{"error", ended_problem(end.status, end.is_too_long)}});
  const std::optional<Json> problem = problem_of(end.report, end.status);
  if (problem && end.report.size() == 1)
    return json_answer(status_of(*problem), {{"error", *problem}});
  return json_answer(200, end.report);
}

// A folder of one picture, that goes with this.
class PictureFolder {
 public:
  PictureFolder() {
    std::string name = std::filesystem::temp_directory_path() / "courier-console-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      throw system_error(errno, name, "cannot be made");
    }
    path_ = name;
  }
  ~PictureFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  PictureFolder(const PictureFolder&) = delete;
  PictureFolder& operator=(const PictureFolder&) = delete;
  std::string picture() const { return path_ + "/receipt.svg"; }

 private:
  std::string path_;
};

}  // namespace

HttpAnswer json_answer(int status, const Json& json) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = compact(json) + "\n";
  return answer;
}

HttpAnswer refused(const Refusal& refusal) {
  HttpAnswer answer = json_answer(refusal.status, refusal_json(refusal));
  if (!refusal.allow.empty()) answer.headers.emplace_back("Allow", refusal.allow);
  return answer;
}

HttpAnswer failed(const Error& error) {
  return json_answer(status_of(error.code()), {{"error", problem_json(error)}});
}

HttpAnswer SiteApi::perform(const Call& call, const Json& body, const std::string& token) {
  switch (call.route->operation) {
    case Operation::login:
      return login(body, token);
    case Operation::logout:
      sessions_.log_out(token);
      return json_answer(200, {{"logged_in", false}});
    case Operation::document:
      return document(words_of(call.route->command));
    case Operation::parcel:
      // What is no ID would be a file where the console runs.
      if (!ParcelId::try_parse(call.parameters.at(0))) {
        return refused(
            {404, "not-found", "there is no parcel of this name", "see the list of parcels"});
      }
      return document({"parcel", "show", "--", call.parameters.at(0)});
    case Operation::receipt:
      return receipt(call.parameters.at(0));
    case Operation::receipt_picture:
      return receipt_picture(call.parameters.at(0));
    case Operation::works:
      return json_answer(200, works_.list());
    case Operation::work:
      return json_answer(200, works_.one(number_in(call.parameters.at(0))));
    case Operation::start_work:
      return json_answer(202, works_.one(works_.start(work_command(body))));
    case Operation::stop_work:
      works_.stop(number_in(call.parameters.at(0)));
      return json_answer(202, works_.one(number_in(call.parameters.at(0))));
    default:
      bug("an operation that is not of the site's page");
  }
}

void SiteApi::heed_passphrase() {
  std::string now = passphrase_.hash();
  if (now == hash_) return;
  sessions_.log_out_all();
  hash_ = std::move(now);
}

bool SiteApi::is_operator(const std::string& token) {
  heed_passphrase();
  return sessions_.is_operator(token);
}

bool SiteApi::is_still_operator(const std::string& token) {
  heed_passphrase();
  return sessions_.is_still_operator(token);
}

HttpAnswer SiteApi::login(const Json& body, const std::string& token) {
  if (!passphrase_.is_set()) {
    return refused({409, "no-passphrase", "this site has no passphrase for its page yet",
                    "set one on this machine: " + how_to_set()});
  }
  if (body.size() != 1 || !body.contains("passphrase") || !body["passphrase"].is_string()) {
    return refused(
        {400, "usage", "the body has not a 'passphrase' and nothing else", "see docs/api.md"});
  }
  if (const auto left = delay_.left(); left.count() > 0) {
    HttpAnswer answer = refused(
        {429, "busy", "it was tried too often", "wait " + std::to_string(left.count()) + " s"});
    answer.headers.emplace_back("Retry-After", std::to_string(left.count()));
    return answer;
  }
  heed_passphrase();
  if (!passphrase_.matches(body["passphrase"].get_ref<const std::string&>())) {
    delay_.failed();
    return refused({401, "not-allowed", "it is another passphrase", "try again"});
  }
  delay_.succeeded();
  // A new token: whoever may have known the old one has nothing of it.
  sessions_.log_out(token);
  const std::string mine = sessions_.make();
  sessions_.log_in(mine);
  HttpAnswer answer = json_answer(200, {{"logged_in", true}});
  answer.headers.emplace_back("Set-Cookie", Sessions::set_cookie(mine));
  return answer;
}

HttpAnswer SiteApi::document(std::vector<std::string> command) {
  if (looks_ >= kMostLooks) return refused({503, "busy", "too much is asked at once", "try again"});
  ++looks_;
  HttpAnswer answer;
  answer.later = [this, command = std::move(command)](const auto& tell) {
    JobRequest request;
    request.command = command;
    request.on_end = [this, tell](const JobEnd& end) {
      --looks_;
      tell(answer_of(end));
    };
    jobs_.start(std::move(request));
  };
  return answer;
}

HttpAnswer SiteApi::receipt_by(std::vector<std::string> command,
                               std::function<HttpAnswer(const JobEnd&)> made) {
  if (receipts_.size() >= kMostReceipts) {
    HttpAnswer answer = refused({503, "busy", "too many receipts are asked for", "try again"});
    answer.headers.emplace_back("Retry-After", "5");
    return answer;
  }
  HttpAnswer answer;
  answer.later = [this, command = std::move(command), made = std::move(made)](const auto& tell) {
    JobRequest request;
    request.command = command;
    request.on_end = [this, tell, made](const JobEnd& end) {
      tell(made(end));
      is_making_receipt_ = false;
      make_next_receipt();
    };
    receipts_.push_back(std::move(request));
    make_next_receipt();
  };
  return answer;
}

void SiteApi::make_next_receipt() {
  if (is_making_receipt_ || receipts_.empty()) return;
  is_making_receipt_ = true;
  JobRequest next = std::move(receipts_.front());
  receipts_.pop_front();
  jobs_.start(std::move(next));
}

HttpAnswer SiteApi::receipt(const std::string& parcel) {
  return receipt_by({"return", "create", "--receipt", "--parcel=" + parcel},
                    [parcel](const JobEnd& end) {
                      HttpAnswer told = answer_of(end);
                      if (told.status != 200) return told;
                      const Json& report = end.report;
                      Json words = Json::array();
                      for (const std::string& word : words_of(text_at(report, "words"))) {
                        words.push_back(word);
                      }
                      return json_answer(200, {{"parcel", text_at(report, "parcel")},
                                               {"to", text_at(report, "to")},
                                               {"words", words.empty() ? Json() : words},
                                               {"qr", "/api/v1/receipts/" + parcel + ".svg"},
                                               {"text", text_at(report, "text")},
                                               {"items", number_at(report, "items")},
                                               {"items_told", number_at(report, "items_told")},
                                               {"all_in", flag_at(report, "all_in")}});
                    });
}

HttpAnswer SiteApi::receipt_picture(const std::string& parcel) {
  const auto folder = std::make_shared<PictureFolder>();
  return receipt_by(
      {"return", "create", "--receipt", "--parcel=" + parcel, "--qr=" + folder->picture()},
      [this, folder](const JobEnd& end) {
        HttpAnswer told = answer_of(end);
        if (told.status != 200) return told;
        try {
          told.body = to_string(read_file(fs_, folder->picture(), kLargestPicture));
          told.content_type = "image/svg+xml";
        } catch (const Error& error) {
          return failed(error);
        }
        return told;
      });
}

}  // namespace courier
