#!/usr/bin/env bash
# The one tool of every day; `./q help` says what it does. Needs nothing but bash and, for missing packages, apt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

packages=(
  g++ clang lld ccache ninja-build cmake pkg-config
  libboost-context-dev liburcu-dev libcli11-dev libfmt-dev nlohmann-json3-dev libgtest-dev libbenchmark-dev
  liburing-dev liblz4-dev libzstd-dev libxxhash-dev libhiredis-dev redis-server
  clang-format clang-tidy libclang-rt-14-dev python3
)
# To boot kernels in guests.
guest_packages=(qemu-system-x86 e2fsprogs)
guest_kernels=(6.1 6.12)
quire=build/release/quire
demo_scenario=scenarios/s2-swapoff/free-swap-vs-swapoff.qs
fuzz_seconds=${QUIRE_FUZZ_TIME:-60}

help() {
  cat <<'END'
./q            build `dev`, run the fast tests, lint; under a minute when warm
./q demo       show the first race: build, then check the first scenario with its reports
./q test       everything that must hold: unit and stress tests, the explorer's suite, all scenarios, lint
./q build      the release binary, build/release/quire

./q lint       the rules of the house (options go to tools/lint)
./q format     put all C++ files into the project's format
./q tidy       clang-tidy over all sources; slow
./q asan       build and test with the address and undefined-behaviour sanitizers
./q tsan       build and test with the thread sanitizer
./q clang      build and test with clang++ and its thread-safety analysis
./q nohook     build and test with the explorer's hook compiled out
./q bench      run the benchmarks (options go to each of them)
./q stress     the stress tests alone: swap on real threads, contents verified, invariants checked; a minute
./q hook       what the explorer's hook costs when nobody explores, as ratios of two builds run in turn
./q compare    all scenarios on the kernel that runs here and on Debian's 6.1 and 6.12 in QEMU; as root (options and
               paths go to `quire compare`)
./q exported   build every program that quire export writes and run it on this kernel, which needs root; minutes
./q fuzz       random texts into the parser for QUIRE_FUZZ_TIME seconds, 60 unless told

./q setup      install the packages that are missing, nothing else
./q help       this text

QUIRE_JOBS sets how many compilers run at once; otherwise processors and free memory decide.
END
}

say() { printf '%s\n' "$*" >&2; }
die() { say "q: $*"; exit 1; }

# --- packages ---------------------------------------------------------------------------------------------------------

missing_packages() {
  local package
  for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || printf '%s\n' "$package"
  done
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    sudo "$@"
  fi
}

# Installs what is missing; where nothing is, nothing outside this machine is asked.
setup() {
  if ! command -v dpkg-query >/dev/null; then
    say "q: no dpkg here, so it is taken on trust that these are installed: ${packages[*]}"
    return
  fi
  local missing
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  say "q: installing ${missing[*]}"
  if ! command -v apt-get >/dev/null || { ((EUID != 0)) && ! command -v sudo >/dev/null; }; then
    die "cannot install packages here; please install: ${missing[*]}"
  fi
  as_root apt-get -q update >&2 || die "apt-get update failed; these packages are missing: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}" \
    </dev/null >&2 || die "these packages could not be installed: ${missing[*]}"
}

# --- building and testing ---------------------------------------------------------------------------------------------

# As many compilers as there are processors, but 1.5 GiB of free memory for each.
jobs_count() {
  local processors fitting
  processors=$(nproc)
  fitting=$(awk '/^MemAvailable:/ { print int($2 / 1572864) }' /proc/meminfo)
  ((fitting >= 1)) || fitting=1
  printf '%s\n' "${QUIRE_JOBS:-$((fitting < processors ? fitting : processors))}"
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  setup
  [[ -f build/$preset/build.ninja ]] || cmake --preset "$preset"
  cmake --build --preset "$preset" --parallel "$(jobs_count)" ${1:+--target "$@"}
}

# Thread sanitizer of this age cannot place its shadow under every layout of the address space.
fixed_layout() {
  if setarch -R true 2>/dev/null; then setarch -R "$@"; else "$@"; fi
}

build_and_test() {
  build "$1"
  fixed_layout ctest --preset "$1" "${@:2}"
}

need_quire() { [[ -x $quire ]] || die "$quire was not built"; }

daily() {
  build_and_test dev
  tools/lint
}

# Runs every part even when one fails, then sums up in one last line.
# shellcheck disable=SC2016  # the programs are awk's
test_all() {
  build release
  passed=0 failed=0 log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  part "unit and stress tests" '/ tests failed out of / { print $9 - $4, $4 }' ctest --preset release
  part "scenarios, the explorer's own suite among them" '/^[0-9]+ passed, [0-9]+ failed/ { print $1, $3 }' \
    "$quire" check scenarios/
  test_guest
  part "the README's example" '/^readme: / { print $2, $7 }' tools/readme
  part "lint" '/^lint: / { print ($4 == 0), ($4 != 0) }' tools/lint
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0))
}

# Kernels are not this project's to provide: without one that is left out, and said.
# shellcheck disable=SC2016  # the program is awk's
test_guest() {
  if ! guest_setup "${guest_kernels[0]}"; then
    say "== a kernel in a guest: left out, for there is none"
    return
  fi
  part "a kernel in a guest" '/ agree, [0-9]+ differ/ { print $2, $4 }' \
    "$quire" compare --kernel "${guest_kernels[0]}" scenarios/corpus
}

# guest_setup VERSION...: QEMU, and these kernels.
guest_setup() {
  packages+=("${guest_packages[@]}")
  (setup) || return
  "$quire" kernels fetch "$@" >&2 && return
  as_root apt-get -q update >&2
  "$quire" kernels fetch "$@" >&2
}

# part TITLE TOTALS COMMAND...: runs it and adds its totals, which an awk program finds in what it printed. What fails
# without naming a failure counts as one, and so does what runs nothing.
part() {
  local title=$1 totals=$2 status=0 ok=0 bad=0
  shift 2
  say "== $title"
  "$@" </dev/null 2>&1 | tee "$log" || status=$?
  read -r ok bad < <(awk "$totals" "$log" | tail -n 1) || true
  passed=$((passed + ok)) failed=$((failed + bad))
  if (((status != 0 && bad == 0) || ok + bad == 0)); then
    failed=$((failed + 1))
  fi
}

demo() {
  build release quire
  need_quire
  "$quire" check --show "$demo_scenario"
}

bench() {
  build release
  local program ran=0
  for program in build/release/bench/*_bench; do
    [[ -x $program ]] || continue
    ran=1
    say "== ${program##*/}"
    "$program" "$@"
  done
  ((ran)) || die "no benchmark was built"
}

stress() {
  build release
  ctest --preset release -L stress --verbose "$@"
}

hook() {
  build release hook_bench
  build nohook hook_bench
  tools/hook_ratio build/release/bench/hook_bench build/nohook/bench/hook_bench "$@"
}

compare() {
  build release
  guest_setup "${guest_kernels[@]}"
  local kernels
  kernels=$(IFS=,; printf '%s' "${guest_kernels[*]}")
  (($#)) || set -- scenarios
  "$quire" compare --kernel "host,$kernels" "$@"
}

exported() {
  build release quire
  need_quire
  tools/export_tap "$quire" --cc gcc --cc clang "$@"
}

# Starts from the scenarios there are; whatever crashes the parser is left in build/fuzz.
fuzz() {
  setup
  [[ -f build/fuzz/build.ninja ]] || cmake --preset asan -B build/fuzz -DQUIRE_FUZZ=ON
  cmake --build build/fuzz --parallel "$(jobs_count)" --target scenario_parse_fuzz
  mkdir -p build/fuzz/corpus
  (cd build/fuzz && ./scenario_parse_fuzz -max_total_time="$fuzz_seconds" -print_final_stats=1 -verbosity=0 "$@" \
    corpus ../../scenarios/*/)
}

# --- sources ----------------------------------------------------------------------------------------------------------

sources() {
  local folders=()
  [[ -d src ]] && folders+=(src)
  [[ -d bench ]] && folders+=(bench)
  ((${#folders[@]})) && find "${folders[@]}" -type f \( "$@" \) -print0
}

format() {
  setup
  sources -name '*.h' -o -name '*.cc' | xargs -0 -r clang-format -i
}

tidy() {
  build clang
  sources -name '*.cc' | xargs -0 -r -n 4 -P "$(jobs_count)" clang-tidy -p build/clang --quiet
}

command=${1:-daily}
(($# == 0)) || shift
case $command in
  daily | demo | compare | bench | hook | stress | exported | fuzz | format | tidy | setup) "$command" "$@" ;;
  build) build release "$@" ;;
  test) test_all "$@" ;;
  lint) setup && tools/lint "$@" ;;
  asan | tsan | clang | nohook) build_and_test "$command" "$@" ;;
  help | -h | --help) help ;;
  *) help >&2 && die "there is no \`$command\`" ;;
esac
