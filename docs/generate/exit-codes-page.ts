/** docs/reference/exit-codes.md: the codes are those that `slipway build --help` lists. */
import { readCommands, table } from "./manifest.ts";

/** What a script can do about each. */
const ADVICE: Readonly<Record<string, string>> = {
  0: "Go on.",
  1: "Read the log and the error: it is about the Dockerfile, a `RUN`, or the push.",
  3: "Look at the error's remedies, or run `slipway doctor`. A retry may help.",
  4: "Log in, or ask for the right that the error names.",
  124: "Raise `--timeout`, or find out why the pod was not scheduled.",
  125: "Correct the command line, the configuration or the kubeconfig; no build was started. An error with a stack trace is a fault of slipway: report it.",
  130: "Nothing: somebody pressed Ctrl-C, or the job was cancelled.",
};

/** @throws Error when the help lists a code that has no advice here */
export function exitCodesPage(): string {
  const description = readCommands().get("build")?.description ?? "";
  const rows = [...description.matchAll(/^ {2}(\d+) +(.+)$/gm)].map(([, code = "", meaning = ""]) => {
    const advice = ADVICE[code];
    if (advice === undefined) throw new Error(`no advice for exit code ${code} in docs/generate/exit-codes-page.ts`);
    return [code, meaning, advice];
  });
  if (rows.length !== Object.keys(ADVICE).length) throw new Error("the help of build does not list every exit code");
  return `# Exit codes

\`docker build\` ends with 0, with 1 for a build that fails, and with 125 for flags that it cannot read. Slipway keeps these, and uses
four more where docker has one code for different faults. Every command uses the same codes. Written by \`npm run docs\`.

${table(["Code", "Meaning", "What to do"], rows)}

Docker has 125 only for flags that do not exist, that lack their value, or whose value its parser reads: booleans, \`--shm-size\`, \`--ulimit\`. Every
other value that docker refuses ends with 1, for example \`--builder NAME\` without such a builder, \`--memory x\` and \`--platform x\`. Slipway does
the same: \`make contract\` compares it with recorded answers of docker 29. What only slipway refuses ends with 125.

In a script:

\`\`\`sh
slipway build -t registry.example.com/team/app . || case $? in
  3 | 124) echo "the cluster was not ready, try again" ;;
  4) echo "log in first" ;;
  *) exit 1 ;;
esac
\`\`\`

\`slipway wait\` and \`slipway attach\` end with the code of the build. \`slipway doctor\` ends with the code that a build would end with.
`;
}
