#include "oracle/playhouse.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "oracle/compare.h"
#include "oracle/playable.h"
#include "oracle/sequence_player.h"
#include "scenario/parser.h"

namespace quire::oracle {
namespace {

constexpr std::size_t kMessageMax = std::size_t{128} << 10;
constexpr char kTrouble = '!';
constexpr char kRow = '=';

// Lists of one CPU: a page that has just been made is on its way to no other's.
void stay_on_one_cpu() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN)) - 1, &cpus);
  (void)sched_setaffinity(0, sizeof(cpus), &cpus);
}

/// The process itself.
class House {
 public:
  explicit House(const Host& host) : host_(host), player_(host) {}

  std::string answer(std::string_view request) {
    scenario::ParseResult parsed = scenario::parse(request.substr(1), "played.qs");
    if (!parsed.ok()) return kTrouble + to_string(parsed.error());
    const scenario::Scenario& scenario = parsed.document().scenarios.front();
    auto made = scenario::make_program(scenario, "played.qs", kernel_parameter);
    if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&made)) return kTrouble + to_string(*diagnostic);
    const auto& program = std::get<Program>(made);
    if (std::string why = why_not_played(program); !why.empty()) return kTrouble + why;
    return request[0] == 'q' ? quickly(program) : carefully(program);
  }

 private:
  std::string quickly(const Program& program) {
    Performance performance = player_.play(program);
    if (!performance.trouble.empty()) return kTrouble + performance.trouble;
    std::vector<const Call*> calls = calls_of(program);
    std::string text(1, kRow);
    bool swap_was_off = false;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      text += is_compared(*calls[i]) ? scenario::observed_text(*calls[i], performance.values[i]) : std::string();
      text += '\n';
      swap_was_off = swap_was_off || calls[i]->operation->name == "swapoff";
    }
    if (swap_was_off) host_.use_areas(areas_of(*program.scenario));
    return text;
  }

  std::string carefully(const Program& program) {
    Seen seen = observe_kernel(program, host_, 1);
    if (!seen.trouble.empty()) return kTrouble + seen.trouble;
    std::vector<const Call*> calls = calls_of(program);
    std::string text(1, kRow);
    const std::vector<std::string>& row = seen.rows.begin()->first;
    for (std::size_t i = 0; i < row.size(); ++i) text += (is_compared(*calls[i]) ? row[i] : std::string()) + '\n';
    return text;
  }

  const Host& host_;
  SequencePlayer player_;
};

bool send_text(int socket, std::string_view text) {
  return ::send(socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

bool receive_text(int socket, std::string& text) {
  text.resize(kMessageMax);
  ssize_t n = 0;
  do n = recv(socket, text.data(), text.size(), 0);
  while (n < 0 && errno == EINTR);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return n > 0;
}

void serve(int socket, const std::vector<std::string>& areas) {
  stay_on_one_cpu();
  Host host;
  std::string why = host.set_up(areas);
  // Ready: how many pages a fault maps here.
  std::string first = why.empty() ? kRow + std::to_string(host.fault_around_pages()) : kTrouble + why;
  if (!send_text(socket, first) || !why.empty()) return;
  House house(host);
  for (std::string request; receive_text(socket, request);)
    if (!send_text(socket, house.answer(request))) return;
}

}  // namespace

Playhouse::~Playhouse() {
  if (pid_ < 0) return;
  close(socket_);
  waitpid(pid_, nullptr, 0);
}

std::string Playhouse::open(const std::vector<std::string>& areas) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return fmt::format("socketpair: {}", std::strerror(errno));
  pid_ = fork();
  if (pid_ == 0) {
    close(ends[0]);
    signal(SIGINT, SIG_IGN);  // ends with the other end of its socket
    serve(ends[1], areas);
    _exit(0);
  }
  close(ends[1]);
  socket_ = ends[0];
  if (pid_ < 0) return fmt::format("fork: {}", std::strerror(errno));
  std::string ready;
  if (!receive_text(socket_, ready)) return "the playing process ended";
  if (ready[0] == kTrouble) return ready.substr(1);
  fault_around_pages_ = static_cast<unsigned>(std::stoul(ready.substr(1)));
  return {};
}

void Playhouse::send(std::string_view text, How how) const {
  (void)send_text(socket_, (how == How::quickly ? "q" : "c") + std::string(text));
}

Played Playhouse::receive() const {
  std::string answer;
  if (!receive_text(socket_, answer)) return {{}, "the playing process ended"};
  if (answer[0] == kTrouble) return {{}, answer.substr(1)};
  Played played;
  for (std::size_t at = 1; at < answer.size();) {
    std::size_t end = answer.find('\n', at);
    played.row.push_back(answer.substr(at, end - at));
    at = end + 1;
  }
  return played;
}

}  // namespace quire::oracle
