/** Hostile or mistyped names, values and paths. */
export const HOSTILE: readonly (readonly [name: string, text: string])[] = [
  ["blanks", " a  b "],
  ["a line feed", "one\ntwo"],
  ["quotes", `'"\`"'`],
  ["a command", "$(touch /tmp/slipway-was-here) `id` ; id && id | id"],
  ["Kubernetes' variables", "$(PATH) $$(HOME) ${HOME} $HOME $$"],
  ["a flag", "--privileged=true"],
  ["a list", "a,b;c=d"],
  ["backslashes", "a\\b\\\\n"],
  ["Unicode", "Grüße 世界 🚢 e\u0301 \u202e"],
  ["YAML", "a: &b [*c]\n- !!js/function >\n"],
  ["100 KB", "x".repeat(100_000)],
];
