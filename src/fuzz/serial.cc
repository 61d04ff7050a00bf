#include "fuzz/serial.h"

#include <algorithm>

#include "fuzz/sequence.h"

namespace quire::fuzz {
namespace {

using scenario::Scenario;

/// One order: which block takes its next call.
using Order = std::vector<std::size_t>;

void orders_from(const Scenario& s, std::vector<std::size_t>& taken, Order& order, std::vector<Order>& all) {
  bool done = true;
  for (std::size_t block = 0; block < s.cpus.size(); ++block) {
    if (taken[block] == s.cpus[block].body.items.size()) continue;
    done = false;
    if (all.size() > kOrdersMax) return;
    ++taken[block];
    order.push_back(block);
    orders_from(s, taken, order, all);
    order.pop_back();
    --taken[block];
  }
  if (done) all.push_back(order);
}

/// The scenario with its blocks' calls at the head of the check, in that order.
Scenario in_order(const Scenario& s, const Order& order, std::vector<std::size_t>& number_of) {
  Scenario one = s;
  one.cpus.clear();
  if (!one.check) one.check.emplace();
  std::vector<scenario::Statement> calls;
  std::vector<std::size_t> taken(s.cpus.size(), 0);
  std::vector<std::size_t> first(s.cpus.size(), 0);
  for (std::size_t block = 1; block < s.cpus.size(); ++block)
    first[block] = first[block - 1] + s.cpus[block - 1].body.items.size();
  for (std::size_t block : order) {
    scenario::Statement statement = s.cpus[block].body.items[taken[block]];
    if (statement.process.empty()) statement.process = s.cpus[block].process;
    statement.trivia = {};
    calls.push_back(std::move(statement));
    number_of.push_back(first[block] + taken[block]++);
  }
  auto& items = one.check->body.items;
  items.insert(items.begin(), calls.begin(), calls.end());
  for (std::size_t i = order.size(); i < items.size(); ++i) number_of.push_back(i);
  return one;
}

}  // namespace

bool SeenValues::contains(const scenario::Value& value) const {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool SeenValues::add(const scenario::Value& value) {
  if (contains(value)) return false;
  values.push_back(value);
  return true;
}

SerialResults run_serially(const Scenario& scenario) {
  SerialResults result;
  std::vector<Order> orders;
  std::vector<std::size_t> taken(scenario.cpus.size(), 0);
  Order order;
  orders_from(scenario, taken, order, orders);
  if (orders.size() > kOrdersMax) return result;
  for (const Order& each : orders) {
    std::vector<std::size_t> number_of;
    Scenario one = in_order(scenario, each, number_of);
    Sequence run = run_in_order(one, {});
    std::size_t first = run.plan.setup.size();
    if (!run.error.empty() || !run.incident.empty() || run.results.size() != first + number_of.size()) return result;
    result.values.resize(number_of.size());
    for (std::size_t i = 0; i < number_of.size(); ++i) result.values[number_of[i]].add(run.results[first + i].value);
  }
  result.known = true;
  return result;
}

}  // namespace quire::fuzz
