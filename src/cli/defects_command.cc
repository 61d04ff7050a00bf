#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "base/defects.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "cli/verdict_json.h"
#include "scenario/parser.h"

namespace quire::cli {
namespace {

constexpr const char* kDefaultFolder = "scenarios";

struct DefectsRequest {
  std::vector<std::string> paths;
  bool json = false;
};

struct Place {
  std::string file;
  int line = 0;
};

// Where each defect is expected to be found, by its id, and the complaints on the way.
struct Places {
  std::map<std::string, std::vector<Place>, std::less<>> of;
  std::vector<std::string> errors;
};

void note(const LoadedFile& file, const scenario::Expect& expect, Places& places) {
  for (const scenario::Name& name : expect.defects) {
    const std::string complaint = unknown_defect(std::vector<std::string>{name.text});
    if (complaint.empty()) {
      places.of[name.text].push_back({file.path, expect.at.line});
    } else {
      places.errors.push_back(to_string(scenario::Diagnostic{file.path, name.at.line, name.at.column, complaint}));
    }
  }
}

Places find_places(const std::vector<LoadedFile>& files) {
  Places places;
  for (const LoadedFile& file : files) {
    if (!file.document) {
      places.errors.push_back(file.error);
      continue;
    }
    for (const scenario::Scenario& scenario : file.document->scenarios) {
      for (const scenario::Expect& expect : scenario.expects) note(file, expect, places);
    }
  }
  return places;
}

std::vector<Place> places_of(const Places& places, std::string_view id) {
  const auto at = places.of.find(id);
  return at == places.of.end() ? std::vector<Place>{} : at->second;
}

std::string json_text(const Places& places) {
  Json defects = Json::array();
  for (const base::DefectInfo& defect : base::all_defects()) {
    std::vector<std::string> files;
    for (const Place& place : places_of(places, defect.id)) files.push_back(place.file);
    files.erase(std::unique(files.begin(), files.end()), files.end());
    defects.push_back(
        {{"id", defect.id}, {"mail", defect.mail}, {"summary", defect.summary}, {"scenarios", std::move(files)}});
  }
  return printed({{"defects", std::move(defects)}});
}

std::string table_text(const Places& places) {
  std::size_t width = 0;
  for (const base::DefectInfo& defect : base::all_defects()) width = std::max(width, defect.id.size());
  std::string text;
  for (const base::DefectInfo& defect : base::all_defects()) {
    text += fmt::format("{:<{}}  {}  {}\n", defect.id, width, defect.mail, defect.summary);
    for (const Place& place : places_of(places, defect.id)) {
      text += fmt::format("{:<{}}  {}:{}\n", "", width, place.file, place.line);
    }
  }
  return text;
}

ExitCode defects(DefectsRequest request, const Console& console) {
  std::error_code ignored;
  if (request.paths.empty() && std::filesystem::is_directory(kDefaultFolder, ignored)) {
    request.paths.emplace_back(kDefaultFolder);
  }
  const Places places = find_places(load(request.paths));
  write(console.out, request.json ? json_text(places) : table_text(places));
  for (const std::string& error : places.errors) write(console.err, error + "\n");
  return places.errors.empty() ? ExitCode::as_stated : ExitCode::bad_input;
}

}  // namespace

void add_defects_command(CLI::App& app, Shell& shell) {
  CLI::App* command = app.add_subcommand("defects", "List the known wrong behaviours and the scenarios that find them");
  auto request = std::make_shared<DefectsRequest>();
  command->add_option("PATH", request->paths, "Where scenarios are looked for (scenarios/ if it is there)")
      ->option_text("...");
  command->add_flag("--json", request->json, "One JSON object instead of a table");
  command->callback([request, &shell] { shell.code = defects(*request, shell.console); });
}

}  // namespace quire::cli
