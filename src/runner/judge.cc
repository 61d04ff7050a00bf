#include "runner/judge.h"

#include <algorithm>

#include "scenario/format.h"

namespace quire::runner {

static_assert(static_cast<unsigned>(scenario::FailureClass::check) == static_cast<unsigned>(sync::Failure::check) &&
                  static_cast<unsigned>(scenario::FailureClass::lost_store) ==
                      static_cast<unsigned>(sync::Failure::lost_store),
              "the language and the detectors list the classes in the same order");

bool Expectation::wants_finding() const {
  return std::any_of(classes.begin(), classes.end(),
                     [](const ClassItem& c) { return c.quantifier != scenario::Quantifier::never; });
}

const ClassItem* Expectation::wanting(const explore::Incident& incident) const {
  for (const ClassItem& c : classes)
    if (c.quantifier != scenario::Quantifier::never && c.failure == incident.failure) return &c;
  return nullptr;
}

bool Expectation::tolerates(const explore::Incident& incident) const {
  for (const ClassItem& c : classes) {
    if (c.failure != incident.failure) continue;
    return c.quantifier != scenario::Quantifier::never;
  }
  return wants_finding();
}

Expectation take_apart(const scenario::Expect& expect) {
  Expectation result;
  for (const scenario::ExpectItem& item : expect.body.items) {
    result.text += (result.text.empty() ? "" : ", ") + scenario::format(item);
    switch (item.kind) {
      case scenario::ExpectKind::failure:
        result.classes.push_back({item.quantifier, static_cast<sync::Failure>(item.failure), item.func});
        break;
      case scenario::ExpectKind::complete:
        result.must_be_complete = true;
        break;
      case scenario::ExpectKind::preemptions:
        result.preemptions_max = static_cast<unsigned>(item.limit);
        break;
      case scenario::ExpectKind::within:
        result.executions_max = static_cast<uint64_t>(item.limit);
        break;
      case scenario::ExpectKind::outcomes:
        result.outcomes = &item.outcomes;
        break;
      case scenario::ExpectKind::condition:
        break;
    }
  }
  return result;
}

}  // namespace quire::runner
