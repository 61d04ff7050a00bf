#include "oracle/house.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "oracle/kernel_operations.h"
#include "oracle/playable.h"
#include "scenario/parser.h"

namespace quire::oracle {
namespace {

// What a kernel says only when something is wrong with it.
constexpr std::array<std::string_view, 6> kComplaints = {
    "BUG:", "BUG ", "WARNING:", "Bad page", "Oops: ", "swap_free: "};

unsigned fault_around_of(const scenario::Scenario& scenario) {
  if (!scenario.machine) return 1;
  for (const scenario::MachineOption& o : scenario.machine->options)
    if (o.key == "fault_around_pages") return static_cast<unsigned>(o.number.value);
  return 1;
}

}  // namespace

House::House(Host& host, const KernelFacts& facts) : host_(host), facts_(facts), player_(host) {
  log_ = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (log_ >= 0) lseek(log_, 0, SEEK_END);
}

House::~House() {
  if (log_ >= 0) close(log_);
}

Answer House::answer(const Request& request) {
  Answer answer;
  answer.seen = play(request);
  answer.log = new_log();
  return answer;
}

Seen House::play(const Request& request) {
  auto trouble = [](std::string why) { return Seen{{}, std::move(why)}; };
  scenario::ParseResult parsed = scenario::parse(request.text, "played.qs");
  if (!parsed.ok()) return trouble(to_string(parsed.error()));
  const scenario::Scenario& scenario = parsed.document().scenarios.front();
  auto made = scenario::make_program(scenario, "played.qs", kernel_parameter);
  if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&made)) return trouble(to_string(*diagnostic));
  const auto& program = std::get<Program>(made);
  std::string why = why_not_played(program, facts_);
  if (why.empty()) why = host_.set_up(areas_of(scenario));
  if (!why.empty()) return trouble(why);
  host_.use_fault_around(fault_around_of(scenario));
  if (request.how == Request::How::quickly) return play_quickly(program);
  return observe_kernel(program, host_, request.rounds);
}

Seen House::play_quickly(const Program& program) {
  Seen seen;
  seen.trouble = mounts_.mount(mounts_of(*program.scenario), host_.directory());
  if (!seen.trouble.empty()) return seen;
  Performance performance = player_.play(program);
  mounts_.unmount();
  seen.trouble = performance.trouble;
  if (!seen.trouble.empty()) return seen;
  seen.rows[row_of(program, performance)] = 1;
  std::vector<const Call*> calls = calls_of(program);
  bool swap_was_off = std::any_of(calls.begin(), calls.end(), [](const Call* c) {
    return c->operation->name == "swapoff" || c->operation->name == "swapon";
  });
  if (swap_was_off) host_.use_areas(areas_of(*program.scenario));
  return seen;
}

// A line is `priority,number,time,flags;text`, and each read gives one.
std::vector<std::string> House::new_log() const {
  std::vector<std::string> lines;
  std::array<char, 8'192> record;
  while (log_ >= 0) {
    ssize_t n = read(log_, record.data(), record.size());
    if (n < 0 && errno == EPIPE) continue;  // some were overwritten; goes on with the oldest there is
    if (n <= 0) break;
    std::string_view line(record.data(), static_cast<std::size_t>(n));
    line = line.substr(std::min(line.find(';') + 1, line.size()));
    line = line.substr(0, line.find('\n'));
    auto complains = [&](std::string_view word) { return line.find(word) != std::string_view::npos; };
    if (std::any_of(kComplaints.begin(), kComplaints.end(), complains)) lines.emplace_back(line);
  }
  return lines;
}

void serve_house(int line, const std::vector<std::string>& areas, bool guest) {
  Host host;
  std::string why = host.set_up(areas);
  KernelFacts facts = kernel_here();
  facts.fault_around_pages = host.fault_around_pages();
  facts.disk = host.has_disk();
  facts.guest = guest;
  LineChannel channel(line);
  if (!channel.send(line_of(facts, why)) || !why.empty()) return;
  House house(host, facts);
  while (std::optional<std::string> text = channel.receive()) {
    std::optional<Request> request = request_of(*text);
    Answer answer;
    if (request)
      answer = house.answer(*request);
    else
      answer.seen.trouble = "the line has no request";
    if (!channel.send(line_of(answer))) return;
  }
}

}  // namespace quire::oracle
