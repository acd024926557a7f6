/**
 * The scripts that a shell loads. They only hand the words to `slipway __complete` and show its answer, so that an upgrade of slipway
 * needs no new script. The answer is in cobra's form (github.com/spf13/cobra, shell_completions.md): see answer.ts.
 */

export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof SHELLS)[number];

const BASH = String.raw`# slipway completion bash
_slipway() {
  # Bash splits words at = and : as well. They are joined again where the line has no space between them.
  local rest=\${COMP_LINE:0:COMP_POINT} words=() i part bare
  for ((i = 0; i <= COMP_CWORD; i++)); do
    bare="\${rest#"\${rest%%[![:space:]]*}"}"
    part=\${COMP_WORDS[i]}
    ((i < COMP_CWORD)) || part=$bare
    if [[ \${#words[@]} -gt 0 && $bare == "$rest" ]]; then words[-1]+=$part; else words+=("$part"); fi
    rest="\${bare#"$part"}"
  done
  local cur=\${words[-1]} lines=() directive line
  mapfile -t lines < <(_slipway_ask "\${words[@]}" </dev/null 2>/dev/null)
  ((\${#lines[@]} > 0)) || return
  directive=\${lines[-1]#:}
  unset 'lines[-1]'
  # The answer has only the value of --flag=VALUE, and readline replaces only what follows the last = or : of the word.
  local value=$cur cut
  [[ $cur != -*=* ]] || value=\${cur#*=}
  cut=\${value%"\${value##*[$COMP_WORDBREAKS]}"}
  COMPREPLY=()
  for line in "\${lines[@]}"; do
    line=\${line%%$'\t'*}
    [[ $line != "$value"* ]] || COMPREPLY+=("\${line#"$cut"}")
  done
  ((!(directive & 2))) || compopt -o nospace
  # Without an answer of ours, readline completes directories or files.
  if ((directive & 16)); then compopt -o dirnames; elif ((!(directive & 4))); then compopt -o default; fi
}
# The words without their quotes. Nothing in them is run.
_slipway_ask() {
  local words=("\${@//[\"\'\\]/}")
  local program=\${words[0]}
  [[ $program != '~/'* ]] || program=$HOME/\${program#'~/'}
  "$program" __complete "\${words[@]:1}"
}
complete -F _slipway slipway
`;

const ZSH = String.raw`#compdef slipway
# slipway completion zsh
_slipway() {
  local -a lines values suffix
  local directive line value description typed=\${(Q)PREFIX} program=\${words[1]/#\~\//$HOME/}
  lines=("\${(@f)$($program __complete "\${(@Q)words[2,CURRENT-1]}" "$typed" </dev/null 2>/dev/null)}")
  directive=\${lines[-1]#:}
  [[ $directive == <-> ]] || return 1
  lines=("\${(@)lines[1,-2]}")
  # The answer has only the value of --flag=VALUE.
  [[ $PREFIX != -*=* ]] || compset -P '*='
  for line in "\${lines[@]}"; do
    value=\${line%%$'\t'*} description=
    [[ $line == *$'\t'* ]] && description=\${line#*$'\t'}
    values+=("\${value//:/\\:}\${description:+:$description}")
  done
  ((directive & 2)) && suffix=(-S '')
  if ((\${#values} > 0)); then
    _describe -V 'slipway' values "\${suffix[@]}"
  elif ((directive & 16)); then
    _files -/
  elif ((!(directive & 4))); then
    _files
  fi
}
if [[ \${funcstack[1]} == _slipway ]]; then _slipway "$@"; else compdef _slipway slipway; fi
`;

const FISH = String.raw`# slipway completion fish
function __slipway_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] "$typed" </dev/null 2>/dev/null)
    test (count $lines) -gt 0; or return
    set -l directive (string replace : '' -- $lines[-1])
    set -e lines[-1]
    # The answer has only the value of --flag=VALUE.
    set -l prefix (string match -r -- '^-[^=]*=' "$typed")
    set -l value (string replace -r -- '^-[^=]*=' '' "$typed")
    if test (count $lines) -gt 0
        printf "$prefix%s\n" $lines
    else if test (math "floor($directive / 16) % 2") -eq 1
        string replace -r '^' -- "$prefix" (__fish_complete_directories "$value")
    else if test (math "floor($directive / 4) % 2") -eq 0
        string replace -r '^' -- "$prefix" (__fish_complete_path "$value")
    end
end
complete -c slipway -e
complete -c slipway -f -a '(__slipway_complete)'
`;

/** The script of a shell, as `slipway completion SHELL` prints it. */
export function completionScript(shell: Shell): string {
  // String.raw keeps the backslash of \${ and \`.
  return { bash: BASH, zsh: ZSH, fish: FISH }[shell].replaceAll("\\${", "${");
}
