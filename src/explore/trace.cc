// The text forms of a whole recording: ftrace's and Perfetto's.
#include "explore/diagram.h"

namespace quire::explore {

using sync::OpKind;

namespace {

std::string task_label(const Recording& r, unsigned task) {
  return task < r.task_names.size() ? r.task_names[task] : task == kTasksMax ? "main" : fmt::format("task{}", task);
}

std::string_view verb(const Event& e) {
  switch (e.op) {
    case OpKind::load:
      return "load";
    case OpKind::store:
      return "store";
    case OpKind::add:
      return "add";
    case OpKind::rmw:
      return "rmw";
    case OpKind::cas:
      return e.took ? "cmpxchg" : "cmpxchg_failed";
    case OpKind::acquire:
      return "lock_acquired";
    case OpKind::acquire_shared:
      return "lock_acquired_shared";
    case OpKind::try_acquire:
    case OpKind::try_acquire_shared:
      return e.took ? "trylock" : "trylock_failed";
    case OpKind::release:
    case OpKind::release_shared:
      return "lock_release";
    case OpKind::await:
      return "wait_done";
    case OpKind::reader_begin:
      return "reader_begin";
    case OpKind::reader_end:
      return "reader_end";
    case OpKind::start:
      return "task_newtask";
    case OpKind::free:
      return "free";
    case OpKind::revive:
      return "alloc";
    case OpKind::retry:
      return "retry";
    case OpKind::grace_begin:
      return "rcu_grace_period_begin";
    case OpKind::grace_end:
      return "rcu_grace_period_end";
  }
  return "?";
}

std::string what(const Event& e) {
  switch (e.kind) {
    case Event::Kind::enter:
      return fmt::format("funcgraph_entry: {}() {{", e.name);
    case Event::Kind::leave:
      return fmt::format("funcgraph_exit: }} /* {} */", e.name);
    case Event::Kind::point:
      return fmt::format("{}: {}", e.name, e.detail);
    case Event::Kind::plain:
      return fmt::format("{}: {}", e.op == OpKind::load ? "plain_read" : "plain_write", e.name);
    case Event::Kind::choice:
      return fmt::format("choice: {} {}", e.name, e.took ? "fails" : "succeeds");
    case Event::Kind::fail:
      return fmt::format("incident: {}: {}", e.name, e.detail);
    case Event::Kind::step:
      break;
  }
  return fmt::format("{}: {}", verb(e), e.name);
}

std::string json_escape(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out;
}

}  // namespace

std::string render_trace(const Recording& recording) {
  std::string text = "# tracer: quire\n#\n#           TASK   CPU#      STEP  FUNCTION\n";
  for (const Event& e : recording.events)
    text += fmt::format("{:>16} [{:03}] {:>9}: {:>{}}{}\n", task_label(recording, e.task), e.task, e.depth, "",
                        2 * e.function_depth, what(e));
  return text;
}

std::string render_perfetto(const Recording& recording) {
  std::string text = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
  for (unsigned t = 0; t < recording.task_names.size(); ++t)
    text +=
        fmt::format("{{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":{},\"args\":{{\"name\":\"{}\"}}}},\n", t,
                    json_escape(recording.task_names[t]));
  std::string comma;
  for (const Event& e : recording.events) {
    const char* phase = e.kind == Event::Kind::enter ? "B" : e.kind == Event::Kind::leave ? "E" : "i";
    std::string label = e.kind == Event::Kind::enter || e.kind == Event::Kind::leave ? e.name : what(e);
    text += fmt::format("{}{{\"ph\":\"{}\",\"name\":\"{}\",\"pid\":1,\"tid\":{},\"ts\":{},\"s\":\"t\"}}", comma, phase,
                        json_escape(label), e.task, e.depth);
    comma = ",\n";
  }
  return text + "\n]}\n";
}

}  // namespace quire::explore
