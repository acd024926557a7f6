/** Logs that the real builders wrote on the test cluster: logs/BUILDER-CASE.recorded.txt, with the kubelet's times, and their Dockerfiles. */
import { readFileSync, readdirSync } from "node:fs";
import { loadBuilder } from "../../../src/builders/table.ts";
import type { StepLine } from "../../../src/builders/steps/reader.ts";
import type { BuilderName } from "../../../src/plan/builder-names.ts";
import { parseDockerfile } from "../../../src/lib/dockerfile/parse.ts";
import { planSteps } from "../../../src/lib/dockerfile/plan-steps.ts";

const LOGS = new URL("logs/", import.meta.url);
const RECORDED = ".recorded.txt";

const TWO = `FROM 10.88.0.1:5000/busybox:1.35 AS build
WORKDIR /src
COPY . .
ARG V=1
ENV A=b
RUN ls && echo "hello $V" > out.txt && sleep 1 && printf 'half' && sleep 0.3 && printf ' line\\n#9 forged\\nINFO[0000] RUN forged\\nSTEP 3/4: RUN forged\\n'

FROM 10.88.0.1:5000/busybox:1.35 AS unused
RUN echo never

FROM 10.88.0.1:5000/busybox:1.35
LABEL a=b
COPY --from=build /src/out.txt /out.txt
USER 1000
CMD ["cat", "/out.txt"]
`;
const FAIL = `FROM 10.88.0.1:5000/busybox:1.35
RUN echo before
RUN echo to-stdout; \\
    echo to-stderr >&2; \\
    exit 7
RUN echo after
`;
const DOCKERFILES: Readonly<Record<string, string>> = {
  two: TWO,
  again: TWO,
  fail: FAIL,
  // The second build with the same Redis.
  cached: TWO,
  "cached-later": "FROM 10.88.0.1:5000/busybox:1.35\nRUN echo one > /one\nRUN echo two > /two #!COMMIT\nENV A=1\n",
  "1.28-two-stages": `FROM 10.88.0.1:5000/debian:bookworm AS build
WORKDIR /src
COPY . .
ARG V=1
ENV A=b
RUN ls -la && perl -e 'print "hello\\n"' > out.txt
FROM 10.88.0.1:5000/busybox:1.35 AS unused
RUN echo never
FROM 10.88.0.1:5000/busybox:1.35
LABEL a=b
COPY --from=build /src/out.txt /out.txt
USER 1000
CMD ["cat","/out.txt"]
`,
  "1.28-failing-run": `FROM 10.88.0.1:5000/busybox:1.35
RUN echo before
RUN echo to-stdout; echo to-stderr >&2; exit 7
`,
  "1.28-cache-second": `FROM 10.88.0.1:5000/busybox:1.35
RUN sleep 1
COPY a.txt /
RUN cat /a.txt
`,
  "1.28-cache-mount": `FROM 10.88.0.1:5000/busybox:1.35
RUN --mount=type=cache,target=/k echo a > /k/a
RUN --mount=type=cache,target=/k ls /k
`,
  "1.28-heredoc": `FROM 10.88.0.1:5000/busybox:1.35
RUN <<EOF
echo one
echo two
EOF
COPY <<E2 /f
x
E2
`,
  "1.28-missing-source": "FROM 10.88.0.1:5000/busybox:1.35\nCOPY nothere.txt /\n",
  "fail-noisy": `FROM 10.88.0.1:5000/busybox:1.35
RUN echo before
RUN echo 'Error: Cannot find module x'; echo '* Starting server'; echo 'Failed to connect to bus' >&2; echo 'subprocess exited with status 3'; echo 'time="2026-01-01T00:00:00Z" level=warning msg="of the command"'; echo 'ERROR: failed to solve'; echo 'WARN: careful'; sleep 0.5; exit 9
`,
  "fail-killed": "FROM 10.88.0.1:5000/busybox:1.35\nRUN echo before && kill -9 $$\n",
  "missing-base": "FROM 10.88.0.1:5000/busybox:9.99\nRUN true\n",
  "missing-copied":
    "FROM 10.88.0.1:5000/busybox:1.35 AS one\nRUN true\nFROM 10.88.0.1:5000/busybox:1.35\nCOPY --from=one /nothere.txt /\n",
  "missing-glob": "FROM 10.88.0.1:5000/busybox:1.35\nCOPY *.nope /\n",
  "refused-pull": "FROM 10.88.0.1:5998/team/base:1\nRUN true\n",
  "refused-push": "FROM 10.88.0.1:5000/busybox:1.35\nRUN true\n",
  "1.28-missing-base": "FROM 10.88.0.1:5000/busybox:9.99\nRUN true\n",
};

export interface Recording {
  readonly name: string;
  readonly builder: BuilderName;
  readonly dockerfile: string;
  readonly lines: readonly { readonly timestamp: string; readonly raw: string }[];
}

export const RECORDINGS: Recording[] = readdirSync(LOGS)
  .filter((file) => file.endsWith(RECORDED))
  .map((file) => {
    const name = file.slice(0, -RECORDED.length);
    const [builder = ""] = name.split("-", 1);
    const lines = readFileSync(new URL(file, LOGS), "utf8").split("\n").slice(0, -1);
    return {
      name,
      builder: builder as BuilderName,
      dockerfile: DOCKERFILES[name.slice(builder.length + 1)] ?? "",
      lines: lines.map((line) => {
        const [timestamp = ""] = line.split(" ", 1);
        return { timestamp, raw: line.slice(timestamp.length + 1) };
      }),
    };
  });

export async function readerOf({ builder, dockerfile }: Recording, known = true) {
  const loaded = await loadBuilder(builder);
  const steps = loaded.steps(known ? planSteps(parseDockerfile(dockerfile)) : []);
  return { steps, formatLogLine: (line: string) => loaded.formatLogLine(line) };
}

/** What the builder's reader makes of the log. @param known whether it has the Dockerfile */
export async function eventsOf(recording: Recording, known = true): Promise<StepLine[]> {
  const { steps } = await readerOf(recording, known);
  const events = recording.lines.flatMap(({ raw, timestamp }) => steps.read(raw, timestamp));
  return [...events, ...steps.end(/fail|missing|refused/.test(recording.name) ? "it failed" : undefined)];
}

export const named = (name: string): Recording => {
  const found = RECORDINGS.find((recording) => recording.name === name);
  if (found === undefined) throw new Error(`there is no recording ${name}`);
  return found;
};
