# Completion of quire for bash and zsh:  source tools/completion/quire.bash

if [[ -n ${ZSH_VERSION:-} ]]; then
  autoload -Uz +X compinit bashcompinit
  (( ${+functions[compdef]} )) || compinit
  bashcompinit
fi

_quire_words() {
  COMPREPLY=()
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$current")
}

_quire_paths() {
  COMPREPLY=()
  local path
  while IFS= read -r path; do
    if [[ -d $path ]]; then COMPREPLY+=("$path/"); elif [[ $path == *.qs || -n ${1:-} ]]; then COMPREPLY+=("$path"); fi
  done < <(compgen -f -- "$current")
}

_quire_versions() { quire kernels 2>/dev/null | sed 's/.*vmlinuz-\([0-9]*\.[0-9]*\).*/\1/'; }

_quire_defects() { _quire_words "$(quire defects 2>/dev/null | awk '/^D/ { print $1 }')"; }

_quire() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]:-}
  local commands="check run replay compare defects export import shrink fuzz kernels fmt mkswap hibernate resume help"
  if ((COMP_CWORD == 1)); then
    _quire_words "$commands --help --version --color"
    return
  fi
  case $previous in
    --strategy) _quire_words "automatic exhaustive bounded pct random" && return ;;
    --compress) _quire_words "none lz4 zstd" && return ;;
    --second) _quire_words "lz4 zstd ram" && return ;;
    --style) _quire_words "c kselftest" && return ;;
    --color) _quire_words "auto always never" && return ;;
    --defect) _quire_defects && return ;;
    --format) _quire_words "fsx strace xfs_io" && return ;;
    --on | --against) _quire_words "engine host $(_quire_versions)" && return ;;
    --kernel) _quire_words "host $(_quire_versions)" && return ;;
    --second) _quire_words "lz4 zstd ram" && return ;;
    --compress) _quire_words "none lz4 zstd" && return ;;
    --accel) _quire_words "tcg kvm" && return ;;
    --junit | --perfetto | --root | --output | -o | --html | --sums) _quire_paths any && return ;;
    --jobs | --time | --rounds | --preemptions | --executions | --seed | --only | --order | --schedule | --ram | --swap | --processes | --cpus | --threads) COMPREPLY=() && return ;;
  esac
  if [[ $current == -* ]]; then
    case $command in
      check)
        _quire_words "--show --stats --json --junit --ktap --jobs --time --preemptions --executions --seed --strategy
          --only --defect --color --help"
        ;;
      run) _quire_words "--order --schedule --defect --only --bless --on --color --help" ;;
      replay) _quire_words "--trace --perfetto --root --color --help" ;;
      defects) _quire_words "--json --color --help" ;;
      compare) _quire_words "--kernel --accel --rounds --time --explained --json --html --color --help" ;;
      export) _quire_words "--only --style --rounds --output --color --help" ;;
      import) _quire_words "--format --output --replay --sums --ram --swap --skip-unknown --color --help" ;;
      shrink) _quire_words "--only --output --time --color --help" ;;
      fuzz) _quire_words "--against --cpus --time --programs --findings --seed --defect --corpus --keep --json --color --help" ;;
      fmt) _quire_words "--check --write --color --help" ;;
      mkswap) _quire_words "--size --bad --color --help" ;;
      hibernate) _quire_words "--only --seed --ram --swap --second --processes --cpus --secret --compress --threads --color --help" ;;
      resume) _quire_words "--check --only --threads --color --help" ;;
      *) _quire_words "--color --help" ;;
    esac
    return
  fi
  case $command in
    help) _quire_words "language operations expectations tables tokens exit-codes commands $commands" ;;
    check | run | compare | export | shrink | fmt | defects) _quire_paths ;;
    import | hibernate | resume) _quire_paths any ;;
    kernels) _quire_words "fetch" ;;
  esac
}

complete -F _quire quire
