#include "cli/wire.h"

#include <cstring>

#include "cli/verdict_json.h"

namespace quire::cli {
namespace {

constexpr char kProgress = 'p';
constexpr char kAnswer = 'a';
constexpr char kDiagnostic = 'd';
constexpr std::size_t kHeadBytes = 1 + sizeof(uint32_t);

std::string frame(char kind, const Json& body) {
  std::string bytes;
  Json::to_cbor(body, bytes);
  const auto length = static_cast<uint32_t>(bytes.size());
  std::string head(kHeadBytes, kind);
  std::memcpy(head.data() + 1, &length, sizeof(length));
  return head + bytes;
}

Message progress_from(const Json& json) {
  return ProgressNote{json.at("phase").get<std::string>(), json.at("executions").get<uint64_t>(),
                      json.at("seconds").get<double>(), json.at("depth").get<uint64_t>(),
                      json.at("share_done").get<double>()};
}

Message diagnostic_from(const Json& json) {
  return runner::CheckResult(scenario::Diagnostic{json.at("file").get<std::string>(), json.at("line").get<int>(),
                                                  json.at("column").get<int>(), json.at("message").get<std::string>()});
}

std::optional<Message> answer_from(const Json& json) {
  runner::ScenarioCheck check;
  json.at("file").get_to(check.file);
  json.at("name").get_to(check.name);
  json.at("skipped").get_to(check.skipped);
  for (const Json& each : json.at("verdicts")) {
    std::optional<runner::Verdict> verdict = verdict_from(each);
    if (!verdict) return std::nullopt;
    check.verdicts.push_back(*std::move(verdict));
  }
  return runner::CheckResult(std::move(check));
}

std::optional<Message> message_from(char kind, std::string_view body) {
  const Json json = Json::from_cbor(body.begin(), body.end(), true, false);
  if (json.is_discarded()) return std::nullopt;
  try {
    if (kind == kProgress) return progress_from(json);
    if (kind == kDiagnostic) return diagnostic_from(json);
    if (kind == kAnswer) return answer_from(json);
  } catch (const Json::exception&) {
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::string pack(const runner::Progress& progress) {
  return frame(kProgress, {{"phase", progress.phase},
                           {"executions", progress.executions},
                           {"seconds", progress.seconds},
                           {"depth", progress.depth},
                           {"share_done", progress.share_done}});
}

std::string pack(const runner::CheckResult& result) {
  if (const auto* diagnostic = std::get_if<scenario::Diagnostic>(&result)) {
    return frame(kDiagnostic, {{"file", diagnostic->file},
                               {"line", diagnostic->line},
                               {"column", diagnostic->column},
                               {"message", diagnostic->message}});
  }
  const auto& check = std::get<runner::ScenarioCheck>(result);
  Json verdicts = Json::array();
  for (const runner::Verdict& verdict : check.verdicts) verdicts.push_back(to_json(verdict));
  return frame(kAnswer,
               {{"file", check.file}, {"name", check.name}, {"skipped", check.skipped}, {"verdicts", verdicts}});
}

std::optional<Message> FrameReader::next() {
  while (buffer_.size() >= kHeadBytes) {
    uint32_t length = 0;
    std::memcpy(&length, buffer_.data() + 1, sizeof(length));
    if (buffer_.size() - kHeadBytes < length) return std::nullopt;
    const char kind = buffer_[0];
    const std::string body = buffer_.substr(kHeadBytes, length);
    buffer_.erase(0, kHeadBytes + length);
    if (std::optional<Message> message = message_from(kind, body)) return message;
  }
  return std::nullopt;
}

}  // namespace quire::cli
