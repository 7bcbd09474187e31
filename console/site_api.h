// Site API: what the site's own page asks for: the documents of commands that look, works, receipts
// and the operator's login. The page of a site that has no passphrase is told how to set one.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "console/http_message.h"
#include "console/job_runner.h"
#include "console/operator_passphrase.h"
#include "console/router.h"
#include "console/session.h"
#include "console/works.h"

namespace courier {

HttpAnswer json_answer(int status, const Json& json);
HttpAnswer refused(const Refusal& refusal);
// 404, 409, 400, 503 or 500, as the code is.
HttpAnswer failed(const Error& error);

class SiteApi {
 public:
  // works_changed: the list of works is another one.
  SiteApi(FileSystem& fs, const Clock& clock, const std::string& home, JobRunner& jobs,
          Sessions& sessions, std::function<void()> works_changed)
      : fs_(fs),
        jobs_(jobs),
        sessions_(sessions),
        home_(home),
        passphrase_(fs, home),
        hash_(passphrase_.hash()),
        delay_(clock),
        works_(jobs, clock, std::move(works_changed)) {}

  // One of the operations of the site's page. token: of the session. Errors: as they are answered.
  HttpAnswer perform(const Call& call, const Json& body, const std::string& token);
  const Works& works() const { return works_; }
  bool has_passphrase() const { return passphrase_.is_set(); }
  // The command that sets it, for the home of this console.
  std::string how_to_set() const {
    return JobRunner::shown({"--home", home_, "console", "--set-passphrase"});
  }
  // Also notes that the session is in use. A session that gave another passphrase than the one that
  // is set now is nobody's.
  bool is_operator(const std::string& token);
  bool is_still_operator(const std::string& token);  // without noting it

 private:
  HttpAnswer login(const Json& body, const std::string& token);
  HttpAnswer document(std::vector<std::string> command);
  HttpAnswer receipt(const std::string& parcel);
  HttpAnswer receipt_picture(const std::string& parcel);
  HttpAnswer receipt_by(std::vector<std::string> command,
                        std::function<HttpAnswer(const JobEnd&)> made);
  void make_next_receipt();
  void heed_passphrase();

  FileSystem& fs_;
  JobRunner& jobs_;
  Sessions& sessions_;
  std::string home_;
  OperatorPassphrase passphrase_;
  std::string hash_;  // of the passphrase that all sessions of the operator gave
  LoginDelay delay_;
  Works works_;
  std::size_t looks_ = 0;            // documents that are being made
  std::deque<JobRequest> receipts_;  // that wait for their turn
  bool is_making_receipt_ = false;
};

}  // namespace courier
