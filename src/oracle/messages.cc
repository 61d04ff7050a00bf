#include "oracle/messages.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>

namespace quire::oracle {
namespace {

using Json = nlohmann::json;

std::string line_of_json(const Json& json) { return json.dump(-1, ' ', true, Json::error_handler_t::replace); }

// What comes over a serial line may be anything, so a line that is none of ours is no error.
template <typename T, typename Read>
std::optional<T> read_line(std::string_view line, std::string_view key, Read read) {
  Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded() || !json.is_object() || !json.contains(key)) return std::nullopt;
  try {
    return read(json);
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string line_of(const Request& request) {
  return line_of_json({{"play", request.text},
                       {"rounds", request.rounds},
                       {"how", request.how == Request::How::quickly ? "quickly" : "carefully"}});
}

std::string line_of(const Answer& answer) {
  Json rows = Json::array();
  for (const auto& [row, times] : answer.seen.rows) rows.push_back({{"row", row}, {"times", times}});
  return line_of_json({{"rows", rows}, {"trouble", answer.seen.trouble}, {"log", answer.log}});
}

std::string line_of(const KernelFacts& facts, std::string_view trouble) {
  return line_of_json({{"kernel", facts.release},
                       {"nodes", facts.nodes},
                       {"fault_around_pages", facts.fault_around_pages},
                       {"root", facts.root},
                       {"overlay", facts.overlay},
                       {"disk", facts.disk},
                       {"guest", facts.guest},
                       {"trouble", trouble}});
}

std::optional<Request> request_of(std::string_view line) {
  return read_line<Request>(line, "play", [](const Json& json) {
    auto how = json.at("how") == "quickly" ? Request::How::quickly : Request::How::carefully;
    return Request{how, json.at("rounds").get<unsigned>(), json.at("play").get<std::string>()};
  });
}

std::optional<Answer> answer_of(std::string_view line) {
  return read_line<Answer>(line, "rows", [](const Json& json) {
    Answer answer;
    answer.seen.trouble = json.at("trouble").get<std::string>();
    answer.log = json.at("log").get<std::vector<std::string>>();
    for (const Json& row : json.at("rows"))
      answer.seen.rows[row.at("row").get<std::vector<std::string>>()] = row.at("times").get<uint64_t>();
    return answer;
  });
}

std::optional<Ready> ready_of(std::string_view line) {
  return read_line<Ready>(line, "kernel", [](const Json& json) {
    KernelFacts facts;
    facts.release = json.at("kernel").get<std::string>();
    facts.nodes = json.at("nodes").get<unsigned>();
    facts.fault_around_pages = json.at("fault_around_pages").get<unsigned>();
    facts.root = json.at("root").get<bool>();
    facts.overlay = json.at("overlay").get<bool>();
    facts.disk = json.at("disk").get<bool>();
    facts.guest = json.at("guest").get<bool>();
    return Ready{facts, json.at("trouble").get<std::string>()};
  });
}

bool LineChannel::send(std::string_view line) const {
  std::string text = std::string(line) + '\n';
  for (std::size_t at = 0; at < text.size();) {
    ssize_t n = write(fd_, text.data() + at, text.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += static_cast<std::size_t>(n);
  }
  return true;
}

std::optional<std::string> LineChannel::receive(int milliseconds) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point end = Clock::now() + std::chrono::milliseconds(milliseconds);
  std::array<char, 16'384> bytes;
  for (std::size_t looked = 0;;) {
    if (std::size_t newline = buffer_.find('\n', looked); newline != std::string::npos) {
      std::string line = buffer_.substr(0, newline);
      buffer_.erase(0, newline + 1);
      return line;
    }
    looked = buffer_.size();
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (milliseconds >= 0 && left <= 0) return std::nullopt;
    pollfd one{fd_, POLLIN, 0};
    int ready = poll(&one, 1, milliseconds < 0 ? -1 : static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return std::nullopt;
    if (ready <= 0) continue;
    ssize_t n = read(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    buffer_.append(bytes.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace quire::oracle
