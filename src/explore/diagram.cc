#include "explore/diagram.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace quire::explore {

using sync::OpKind;

namespace {

/// One possible line of the diagram.
struct Line {
  enum class Kind : uint8_t { function, point, step, incident };
  Kind kind;
  unsigned task;
  int parent;  ///< index of the function line around it, -1 at the top
  std::string text;
  bool relevant;  ///< touches what another task touches
  bool kept = true;
};

bool writes(const Event& e) {
  if (e.kind == Event::Kind::plain) return e.op == OpKind::store;
  return e.op != OpKind::load && e.op != OpKind::await && e.took;
}

/// Objects that two tasks touch and at least one changes.
std::set<std::size_t> shared_objects(const Recording& recording) {
  std::map<std::size_t, std::pair<unsigned, bool>> seen;  // object -> mask of tasks, whether written
  for (const Event& e : recording.events) {
    if (e.object == 0 || e.task >= kTasksMax || (e.kind != Event::Kind::step && e.kind != Event::Kind::plain)) continue;
    auto& [mask, written] = seen[e.object];
    mask |= 1U << e.task;
    written = written || writes(e);
  }
  std::set<std::size_t> shared;
  for (const auto& [object, by] : seen)
    if (by.second && (by.first & (by.first - 1)) != 0) shared.insert(object);
  return shared;
}

std::string step_text(const Event& e) {
  switch (e.op) {
    case OpKind::load:
      return "read " + e.name;
    case OpKind::store:
      return "write " + e.name;
    case OpKind::add:
      return "add to " + e.name;
    case OpKind::rmw:
      return "change " + e.name;
    case OpKind::cas:
      return e.took ? "exchange " + e.name : "fail to exchange " + e.name;
    case OpKind::acquire:
      return "lock " + e.name;
    case OpKind::acquire_shared:
      return "lock shared " + e.name;
    case OpKind::try_acquire:
    case OpKind::try_acquire_shared:
      return e.took ? "trylock " + e.name : "fail to trylock " + e.name;
    case OpKind::release:
    case OpKind::release_shared:
      return "unlock " + e.name;
    case OpKind::await:
      return "wait for " + e.name;
    case OpKind::reader_begin:
      return e.name + " off";
    case OpKind::reader_end:
      return e.name + " on";
    case OpKind::start:
      return "start";
    case OpKind::free:
      return "free " + e.name;
    case OpKind::revive:
      return "allocate " + e.name;
    case OpKind::retry:
      return "try again: " + e.name;
    case OpKind::grace_begin:
      return "synchronize_rcu()";
    case OpKind::grace_end:
      return "grace period is over";
  }
  return e.name;
}

class Builder {
 public:
  explicit Builder(const Recording& recording) : recording_(recording), shared_(shared_objects(recording)) {
    has_points_ = std::any_of(recording.events.begin(), recording.events.end(),
                              [](const Event& e) { return e.kind == Event::Kind::point; });
  }

  std::vector<Line> lines() {
    for (const Event& e : recording_.events) add(e);
    return std::move(lines_);
  }

 private:
  void add(const Event& e) {
    unsigned t = e.task;
    switch (e.kind) {
      case Event::Kind::enter:
        lines_.push_back({Line::Kind::function, t, around(t), e.name + "()", false});
        open_[t].push_back(static_cast<int>(lines_.size()) - 1);
        break;
      case Event::Kind::leave:
        if (!open_[t].empty()) open_[t].pop_back();
        break;
      case Event::Kind::point:
        lines_.push_back({Line::Kind::point, t, around(t), e.detail.empty() ? e.name : e.name + ": " + e.detail,
                          touched_shared_[t]});
        last_point_[t] = static_cast<int>(lines_.size()) - 1;
        touched_shared_[t] = false;
        break;
      case Event::Kind::step:
      case Event::Kind::plain:
        note_access(e);
        break;
      case Event::Kind::choice:
        if (e.took) lines_.push_back({Line::Kind::point, t, around(t), e.name + " fails", true});
        break;
      case Event::Kind::fail:
        lines_.push_back({Line::Kind::incident, t, around(t), "*** " + e.name, true});
        break;
    }
  }

  // A point speaks of the steps just before it, or of the one just after.
  void note_access(const Event& e) {
    unsigned t = e.task;
    bool shared = shared_.contains(e.object) || e.op == OpKind::free;
    if (shared) touched_shared_[t] = true;
    if (!has_points_ && e.kind == Event::Kind::step && (shared || e.object == 0))
      lines_.push_back({Line::Kind::step, t, around(t), step_text(e), shared});
  }

  int around(unsigned task) { return open_[task].empty() ? -1 : open_[task].back(); }

  const Recording& recording_;
  std::set<std::size_t> shared_;
  bool has_points_ = false;
  std::vector<Line> lines_;
  std::array<std::vector<int>, kTasksMax + 1> open_;
  std::array<int, kTasksMax + 1> last_point_{};
  std::array<bool, kTasksMax + 1> touched_shared_{};
};

unsigned kept_count(const std::vector<Line>& lines) {
  return static_cast<unsigned>(std::count_if(lines.begin(), lines.end(), [](const Line& l) { return l.kept; }));
}

/// Functions in which nothing is left to see go.
void drop_empty_functions(std::vector<Line>& lines) {
  std::vector<bool> needed(lines.size(), false);
  for (std::size_t i = lines.size(); i-- > 0;) {
    Line& l = lines[i];
    if (l.kind == Line::Kind::function) {
      l.kept = l.kept && needed[i];
      if (!needed[i]) continue;
    } else if (!l.kept) {
      continue;
    }
    for (int p = l.parent; p >= 0; p = lines[static_cast<std::size_t>(p)].parent)
      needed[static_cast<std::size_t>(p)] = true;
  }
}

/// Lines that are not functions, from each kept one to the nearest switch between tasks; what is at one has 0.
std::vector<unsigned> distance_to_switch(const std::vector<Line>& lines) {
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (lines[i].kept && lines[i].kind != Line::Kind::function) kept.push_back(i);
  std::vector<unsigned> result(lines.size(), 0);
  unsigned distance = static_cast<unsigned>(lines.size());
  for (std::size_t k = 0; k < kept.size(); ++k) {  // from the switch before
    bool switched = k > 0 && lines[kept[k]].task != lines[kept[k - 1]].task;
    distance = switched ? 0 : distance + 1;
    result[kept[k]] = distance;
  }
  distance = 0;  // the end counts as a switch
  for (std::size_t k = kept.size(); k-- > 0;) {
    bool switched = k + 1 == kept.size() || lines[kept[k]].task != lines[kept[k + 1]].task;
    distance = switched ? 0 : distance + 1;
    result[kept[k]] = std::min(result[kept[k]], distance);
  }
  return result;
}

void drop_pass_through_functions(std::vector<Line>& lines, unsigned lines_max) {
  std::vector<unsigned> children(lines.size(), 0);
  std::vector<bool> only_function(lines.size(), false);
  for (const Line& l : lines)
    if (l.kept && l.parent >= 0) {
      auto p = static_cast<std::size_t>(l.parent);
      only_function[p] = ++children[p] == 1 && l.kind == Line::Kind::function;
    }
  unsigned kept = kept_count(lines);
  for (std::size_t i = 0; i < lines.size() && kept > lines_max; ++i)
    if (lines[i].kept && lines[i].kind == Line::Kind::function && lines[i].parent >= 0 && only_function[i]) {
      lines[i].kept = false;
      --kept;
    }
}

void prune(std::vector<Line>& lines, unsigned lines_max) {
  drop_empty_functions(lines);
  if (kept_count(lines) > lines_max) {
    std::vector<unsigned> distance = distance_to_switch(lines);
    for (std::size_t i = 0; i < lines.size(); ++i)
      if (lines[i].kind != Line::Kind::function && !lines[i].relevant && distance[i] != 0) lines[i].kept = false;
    drop_empty_functions(lines);
  }
  drop_pass_through_functions(lines, lines_max);
  // Still too long: what is farthest from a switch between CPUs says least.
  while (kept_count(lines) > lines_max) {
    std::vector<unsigned> distance = distance_to_switch(lines);
    auto victim = std::max_element(distance.begin(), distance.end());
    if (victim == distance.end() || *victim == 0) break;
    // One at a time near the end; of a very long trace whole stretches.
    bool very_long = kept_count(lines) > 8 * lines_max && *victim > 8;
    for (std::size_t i = 0; i < lines.size(); ++i)
      if (very_long && distance[i] > *victim / 2) lines[i].kept = false;
    lines[static_cast<std::size_t>(victim - distance.begin())].kept = false;
    drop_empty_functions(lines);
    drop_pass_through_functions(lines, lines_max);
  }
}

unsigned indent_of(const std::vector<Line>& lines, const Line& line) {
  unsigned indent = 0;
  for (int p = line.parent; p >= 0; p = lines[static_cast<std::size_t>(p)].parent)
    if (lines[static_cast<std::size_t>(p)].kept) ++indent;
  return indent;
}

}  // namespace

std::string render_diagram(const Recording& recording, const DiagramOptions& options) {
  std::vector<Line> lines = Builder(recording).lines();
  prune(lines, options.lines_max);
  auto tasks = static_cast<unsigned>(recording.task_names.size());
  unsigned width = tasks == 0 ? options.columns : (options.columns - 2) / tasks;
  std::string text;
  auto put = [&](unsigned column, std::string_view what) {
    bool last = column + 1 >= tasks;
    std::size_t room = last ? std::max<std::size_t>(width, options.columns - column * width) : width - 1;
    // What is too long for its column goes on in the next line, deeper.
    std::size_t indent = what.find_first_not_of(' ');
    for (bool first = true; !what.empty(); first = false) {
      std::string line = first ? std::string(what) : std::string(indent + 4, ' ') + std::string(what);
      std::size_t cut = line.size();
      if (line.size() > room) {
        cut = line.rfind(' ', room);
        std::size_t begin = line.find_first_not_of(' ');
        if (cut == std::string::npos || cut <= begin) cut = std::min(room, line.size());
      }
      text += std::string(column * width, ' ') + line.substr(0, cut) + '\n';
      std::string rest = line.substr(std::min(line.find_first_not_of(' ', cut), line.size()));
      what = what.substr(what.size() - rest.size());
    }
  };
  std::string heads;
  std::string rules;
  for (unsigned t = 0; t < tasks; ++t) {
    heads += fmt::format("{:<{}}", recording.task_names[t], t + 1 < tasks ? width : 0);
    rules += fmt::format("{:<{}}", "----", t + 1 < tasks ? width : 0);
  }
  text += heads + '\n' + rules + '\n';
  // A function is named when something in it happens, not when it was called.
  std::vector<bool> named(lines.size(), false);
  auto name_functions = [&](const auto& self, int index) -> void {
    if (index < 0 || named[static_cast<std::size_t>(index)]) return;
    const Line& l = lines[static_cast<std::size_t>(index)];
    self(self, l.parent);
    named[static_cast<std::size_t>(index)] = true;
    if (l.kept) put(l.task < tasks ? l.task : 0, std::string(2 * indent_of(lines, l), ' ') + l.text);
  };
  for (const Line& l : lines) {
    if (!l.kept || l.kind == Line::Kind::function) continue;
    name_functions(name_functions, l.parent);
    put(l.task < tasks ? l.task : 0, std::string(2 * indent_of(lines, l), ' ') + l.text);
  }
  return text;
}

std::string describe_free(const Recording& recording, const Incident& incident) {
  if (incident.object == 0) return {};
  std::array<std::vector<std::string>, kTasksMax + 1> open;
  std::string answer;
  for (const Event& e : recording.events) {
    if (e.kind == Event::Kind::enter) open[e.task].push_back(e.name);
    if (e.kind == Event::Kind::leave && !open[e.task].empty()) open[e.task].pop_back();
    if (e.kind != Event::Kind::step || e.op != OpKind::free) continue;
    if (incident.object < e.object || incident.object >= e.object + e.bytes) continue;
    answer = fmt::format("{} of {} bytes, freed by {}", e.name, e.bytes,
                         e.task < recording.task_names.size() ? recording.task_names[e.task] : "main");
    for (std::size_t i = 0; i < open[e.task].size(); ++i) answer += (i == 0 ? " in " : " > ") + open[e.task][i] + "()";
  }
  return answer;
}

}  // namespace quire::explore
