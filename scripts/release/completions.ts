/** Completion of commands and flags for bash, from the manifest that `--help` is printed from. */
import { readCommands } from "../../docs/generate/manifest.ts";

/** A file for /usr/share/bash-completion/completions. */
export function bashCompletion(): string {
  const commands = [...readCommands().values()].filter(({ hidden }) => hidden !== true);
  const first = [...new Set(commands.map(({ id }) => id.split(":")[0] ?? ""))].toSorted();
  const cases = commands.map(({ id, flags = {} }) => {
    const names = Object.values(flags)
      .filter(({ hidden }) => hidden !== true)
      .map(({ name }) => `--${name}`);
    const below = commands.flatMap((other) => (other.id.startsWith(`${id}:`) ? [other.id.slice(id.length + 1)] : []));
    return `    "${id.replaceAll(":", " ")}") words="${[...below, ...names, "--help"].join(" ")}" ;;`;
  });
  const topics = first
    .filter((topic) => !commands.some(({ id }) => id === topic))
    .map((topic) => {
      const below = commands.flatMap(({ id }) => (id.startsWith(`${topic}:`) ? [id.slice(topic.length + 1)] : []));
      return `    "${topic}") words="${below.join(" ")}" ;;`;
    });
  return `# Completion of slipway for bash. Everything that is no command and no flag is completed as a file.
_slipway() {
  local current=\${COMP_WORDS[COMP_CWORD]} command="" word words="" at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    [[ $word == -* ]] && break
    case "$command\${command:+ }$word" in
${[...new Set([...first, ...commands.map(({ id }) => id.replaceAll(":", " "))])].map((name) => `      "${name}") command="${name}" ;;`).join("\n")}
      *) break ;;
    esac
  done
  case "$command" in
    "") words="${first.join(" ")} --help --version" ;;
${[...cases, ...topics].join("\n")}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _slipway slipway
`;
}
