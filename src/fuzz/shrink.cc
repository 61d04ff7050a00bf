#include "fuzz/shrink.h"

#include <algorithm>

namespace quire::fuzz {
namespace {

using scenario::Block;
using scenario::Expr;
using scenario::ExprKind;
using scenario::Scenario;
using scenario::Statement;

Expr integer(std::int64_t value) {
  Expr e;
  e.number.value = value;
  return e;
}

std::size_t count(const Block<Statement>& body) {
  std::size_t calls = 0;
  for (const Statement& s : body.items) calls += s.kind == scenario::StatementKind::repeat ? count(s.body) : 1;
  return calls;
}

class Shrinker {
 public:
  Shrinker(Scenario scenario, const std::function<bool(const Scenario&)>& still, unsigned trials)
      : best_(std::move(scenario)), still_(still), trials_(trials) {}

  Scenario run() {
    for_blocks([this](std::size_t block) { own_lines(*blocks(best_)[block]); });
    for (bool better = true; better && trials_ != 0;) {
      better = drop_blocks();
      for_blocks([&](std::size_t block) { better = drop_calls(block) || better; });
      for_blocks([&](std::size_t block) { better = simplify(block) || better; });
      better = drop_options() || better;
    }
    number_cpus();
    return best_;
  }

 private:
  // Set-up, CPUs, check: what has calls.
  static std::vector<Block<Statement>*> blocks(Scenario& s) {
    std::vector<Block<Statement>*> result;
    if (s.setup) result.push_back(&s.setup->body);
    for (scenario::CpuBlock& cpu : s.cpus) result.push_back(&cpu.body);
    if (s.check) result.push_back(&s.check->body);
    return result;
  }
  template <typename Visit>
  void for_blocks(Visit visit) {
    for (std::size_t block = 0; block < blocks(best_).size(); ++block) visit(block);
  }
  static void own_lines(Block<Statement>& body) {
    for (Statement& s : body.items) s.trivia = {};
    body.opening.reset();
    body.tail.clear();
  }

  bool take(Scenario candidate) {
    if (trials_ == 0) return false;
    --trials_;
    if (!still_(candidate)) return false;
    best_ = std::move(candidate);
    return true;
  }

  bool drop_blocks() {
    bool better = false;
    for (std::size_t i = best_.cpus.size(); i-- > 0;) {
      Scenario candidate = best_;
      candidate.cpus.erase(candidate.cpus.begin() + static_cast<long>(i));
      better = take(std::move(candidate)) || better;
    }
    if (best_.setup && best_.setup->body.items.empty()) {
      Scenario candidate = best_;
      candidate.setup.reset();
      better = take(std::move(candidate)) || better;
    }
    return better;
  }

  template <typename Item>
  bool drop_each(std::vector<Item> scenario::Machine::*items) {
    bool better = false;
    for (std::size_t i = ((*best_.machine).*items).size(); i-- > 0;) {
      Scenario candidate = best_;
      auto& all = (*candidate.machine).*items;
      all.erase(all.begin() + static_cast<long>(i));
      better = take(std::move(candidate)) || better;
    }
    return better;
  }

  bool drop_options() {
    if (!best_.machine) return false;
    bool better = drop_each(&scenario::Machine::knobs);
    better = drop_each(&scenario::Machine::options) || better;
    if (best_.machine->knobs.empty() && best_.machine->options.empty()) best_.machine.reset();
    return better;
  }

  // From 0 on, and no more CPUs than blocks.
  void number_cpus() {
    Scenario candidate = best_;
    for (std::size_t i = 0; i < candidate.cpus.size(); ++i) candidate.cpus[i].index = static_cast<int>(i);
    if (candidate.machine && !candidate.cpus.empty())
      for (scenario::MachineOption& o : candidate.machine->options)
        if (o.key == "cpus") o.number.value = static_cast<std::int64_t>(candidate.cpus.size());
    if (candidate != best_) (void)take(std::move(candidate));
  }

  // Stretches of half the calls, then of a quarter, down to single ones; from the end, where less depends on them.
  bool drop_calls(std::size_t block) {
    bool better = false;
    std::size_t size = blocks(best_)[block]->items.size();
    for (std::size_t stretch = std::max<std::size_t>(size / 2, 1); size != 0; stretch /= 2) {
      for (std::size_t end = blocks(best_)[block]->items.size(); end != 0;) {
        std::size_t first = end > stretch ? end - stretch : 0;
        Scenario candidate = best_;
        auto& items = blocks(candidate)[block]->items;
        items.erase(items.begin() + static_cast<long>(first), items.begin() + static_cast<long>(end));
        better = take(std::move(candidate)) || better;
        end = first;
      }
      if (stretch == 1) break;
    }
    return better;
  }

  bool drop_properties(std::size_t block, std::size_t i) {
    if (blocks(best_)[block]->items[i].properties.empty()) return false;
    Scenario candidate = best_;
    blocks(candidate)[block]->items[i].properties.clear();
    return take(std::move(candidate));
  }

  bool simplify(std::size_t block) {
    bool better = false;
    for (std::size_t i = 0; i < blocks(best_)[block]->items.size(); ++i) {
      better = drop_properties(block, i) || better;
      better = simplify_call(block, i) || better;
      Scenario candidate = best_;
      Statement& s = blocks(candidate)[block]->items[i];
      const std::string first = blocks(best_)[0]->items.empty() ? "" : blocks(best_)[0]->items[0].process;
      if (s.process.empty() || s.process == first) continue;
      s.process = first;
      better = take(std::move(candidate)) || better;
    }
    return better;
  }

  bool simplify_call(std::size_t block, std::size_t i) {
    bool better = false;
    for (bool again = true; again && trials_ != 0;) {
      again = false;
      for (Expr& call : simpler(blocks(best_)[block]->items[i].call)) {
        Scenario candidate = best_;
        blocks(candidate)[block]->items[i].call = std::move(call);
        again = take(std::move(candidate));
        better = better || again;
        if (again) break;
      }
    }
    return better;
  }

  Scenario best_;
  const std::function<bool(const Scenario&)>& still_;
  unsigned trials_;
};

}  // namespace

std::vector<Expr> simpler(const Expr& e) {
  std::vector<Expr> result;
  bool decimal = e.number.notation == scenario::Notation::decimal;
  if (e.kind == ExprKind::integer && decimal && e.number.value > 1) {
    for (std::int64_t value : {std::int64_t{1}, e.number.value / 2, e.number.value - 1})
      if (value < e.number.value) result.push_back(integer(value));
  }
  if (e.kind == ExprKind::binary && e.op == scenario::BinaryOp::multiply) result.push_back(e.args[1]);
  if (e.kind == ExprKind::binary && e.op == scenario::BinaryOp::bit_or) result = {e.args[0], e.args[1]};
  if (e.kind == ExprKind::binary && (e.op == scenario::BinaryOp::add || e.op == scenario::BinaryOp::subtract))
    result.push_back(e.args[0]);
  if (e.kind == ExprKind::index) {
    Expr one = e;
    if (e.args.size() > 1) {
      one.args.pop_back();
      result.push_back(one);
    } else if (e.args[0].number.value > 0) {
      one.args[0] = integer(0);
      result.push_back(one);
    }
  }
  for (std::size_t i = 0; i < e.args.size(); ++i)
    for (Expr& argument : simpler(e.args[i])) {
      Expr changed = e;
      changed.args[i] = std::move(argument);
      result.push_back(std::move(changed));
    }
  return result;
}

std::size_t count_calls(const Scenario& scenario) {
  std::size_t calls = scenario.setup ? count(scenario.setup->body) : 0;
  for (const scenario::CpuBlock& cpu : scenario.cpus) calls += count(cpu.body);
  return calls + (scenario.check ? count(scenario.check->body) : 0);
}

namespace {

// Machines with one option less, or with a smaller number: those that say least first.
std::vector<scenario::Machine> smaller(const scenario::Machine& machine) {
  std::vector<scenario::Machine> result;
  for (std::size_t i = 0; i < machine.options.size(); ++i) {
    auto with = [&](auto change) {
      result.push_back(machine);
      change(result.back().options[i]);
    };
    if (machine.options.size() > 1) {
      result.push_back(machine);
      result.back().options.erase(result.back().options.begin() + static_cast<std::ptrdiff_t>(i));
    }
    const scenario::MachineOption& option = machine.options[i];
    for (std::int64_t value : {std::int64_t{1}, option.number.value / 2, option.number.value - 1})
      if (option.kind == scenario::OptionKind::number && value > 0 && value < option.number.value)
        with([value](scenario::MachineOption& o) { o.number = {value, scenario::Notation::decimal}; });
    for (std::size_t area = 0; area < option.swaps.size(); ++area)
      for (std::int64_t value :
           {std::int64_t{1}, option.swaps[area].pages.value / 2, option.swaps[area].pages.value - 1})
        if (value > 0 && value < option.swaps[area].pages.value)
          with([=](scenario::MachineOption& o) { o.swaps[area].pages = {value, scenario::Notation::decimal}; });
  }
  for (std::size_t i = 0; i < machine.knobs.size(); ++i) {
    result.push_back(machine);
    result.back().knobs.erase(result.back().knobs.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return result;
}

}  // namespace

Scenario shrink_machine(const Scenario& scenario, const std::function<bool(const Scenario&)>& still) {
  Scenario best = scenario;
  unsigned trials = kTrialsMax;
  for (bool better = best.machine.has_value(); better && trials != 0;) {
    better = false;
    for (scenario::Machine& machine : smaller(*best.machine)) {
      if (trials-- == 0) break;
      Scenario candidate = best;
      candidate.machine = std::move(machine);
      better = still(candidate);
      if (better) best = std::move(candidate);
      if (better || trials == 0) break;
    }
  }
  return best;
}

Scenario shrink(const Scenario& scenario, const std::function<bool(const Scenario&)>& still, unsigned trials_max) {
  return Shrinker(scenario, still, trials_max).run();
}

}  // namespace quire::fuzz
