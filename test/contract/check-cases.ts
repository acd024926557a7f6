/** `--check` on the examples of docs/reference/checks.md, and on edge cases. The names are keys of recorded/checks.json. */
import { RULES } from "../../src/lib/dockerfile/checks/rules.ts";
import { BUSYBOX } from "../e2e/support/build.ts";
import type { Case } from "./case.ts";

const onBusybox = (text: string): string =>
  text.replaceAll("busybox:1.35", BUSYBOX).replaceAll("busybox:$", `${BUSYBOX.replace(/:[^:]*$/, "")}:$`);

/** Dockerfiles with edge cases. Each text becomes a file. */
const EDGE_CASES: Readonly<Record<string, readonly string[]>> = {
  "names of secrets": [
    "FROM busybox:1.35\nENV PASSWORD_FILE=x PUBLIC_KEY=x TOKEN_VERSION=1 my_apikey=1 MONKEY=1 SECRETS=1\nARG A_KEY B_KEY=1\nENV password x\n",
    "ARG TOKEN\nARG KEY=1\nFROM busybox:1.35\nARG TOKEN\n",
  ],
  "commands without brackets": [
    'FROM busybox:1.35\nCMD [sh]\nENTRYPOINT sh\nSHELL ["/bin/sh", "-c"]\n',
    'FROM busybox:1.35 AS a\nSHELL ["/bin/sh", "-c"]\nCMD true\nFROM a\nCMD true\nHEALTHCHECK CMD true\n',
    'FROM busybox:1.35\nCMD true\nENTRYPOINT ["a"]\nENTRYPOINT b\nCMD ["c"]\nHEALTHCHECK NONE\nHEALTHCHECK CMD true\n',
    "FROM busybox:1.35\nONBUILD CMD true\nCMD []\n",
  ],
  "directories that are not absolute": [
    "FROM busybox:1.35 AS a\nWORKDIR a\nWORKDIR b\nFROM a\nWORKDIR c\nFROM busybox:1.35\nWORKDIR /x\nWORKDIR y\n",
    'FROM busybox:1.35\nENV D=/d\nWORKDIR $D\nFROM busybox:1.35\nWORKDIR "q"\n',
  ],
  "upper and lower case": [
    "ARG a=1\narg b=1\nARG c=1\nfrom busybox:1.35 as B\nrun true\nCOPY . .\n",
    "from busybox:1.35 AS b\nFrom busybox:1.35 as c\n",
    "FROM busybox:1.35 AS a\nFROM busybox:1.35 AS A\nFROM busybox:1.35 AS Scratch\n",
  ],
  "empty lines": [
    "FROM busybox:1.35\nRUN a && \\\n\n  # a comment\n\n  b && \\\n  c\nRUN d \\\n # e\n\nRUN <<X\n\na\n\nX\n",
    "FROM busybox:1.35\nRUN a \\\n\n",
  ],
  "arguments of FROM": [
    "ARG VERSION=1.35\nFROM busybox:1.35${VERSOIN}\nFROM busybox:1.35${A:-}\nFROM busybox:1.35${B:+x}\n",
    "FROM busybox:1.35$A$B\n",
    "ARG P=linux/amd64\nFROM --platform=$P busybox:1.35\nFROM --platform=${TARGETPLATFORM} busybox:1.35\nFROM --platform=$BUILDPLATFORM busybox:1.35\nFROM --platform=linux/amd64 busybox:1.35 AS linux-tools\n",
  ],
  ports: ["FROM busybox:1.35\nEXPOSE 80/TCP 81:82 [::1]:83:83/Udp 84-85/tcp\n"],
  "keys and values": ["FROM busybox:1.35\nLABEL a b c\nENV C=d e=f\nLABEL g=h i\nENV J\n"],
  "skipped checks": [
    "# check=skip=StageNameCasing,JSONArgsRecommended\nFROM busybox:1.35 AS B\nCMD true\nMAINTAINER x\n",
    "# check=skip=all\nFROM busybox:1.35 AS B\n",
    "# syntax=\n# check=skip=all\nFROM busybox:1.35 AS B\n",
    "# check=error=true\nFROM busybox:1.35 AS B\n",
    "FROM busybox:1.35\n# check=skip=JSONArgsRecommended\nCMD true\n# check=skip=all\n\nMAINTAINER x\n",
    "# check=skip=StageNameCasing;experimental=all\nFROM busybox:1.35 AS B\n# wrong one\nARG A B\n",
    "# check=nonsense\nFROM busybox:1.35 AS B\n",
  ],
  "lines shown with a warning": [
    "FROM busybox:1.35 AS Only",
    "FROM busybox:1.35 AS Only\n",
    "FROM busybox:1.35\n\nRUN true && \\\n  true\n\nLABEL a \\\n  b \\\n  c\n\n\nUSER x\n",
    "FROM busybox:1.35\r\nLABEL a b\r\nUSER x\r\n",
    "FROM busybox:1.35\nRUN echo a\nRUN echo b\nMAINTAINER x\n",
  ],
  "a Dockerfile that cannot be parsed": [
    "FORM x\n",
    "FROM busybox:1.35 AS B\nCOPY --from=nowhere-at-all:1 . .\nFRIM x\n",
    "# nothing\n",
  ],
};

function checked(...texts: readonly string[]): Case {
  const files = Object.fromEntries(texts.map((text, at) => [`file${at + 1}`, onBusybox(text)]));
  // BuildKit has docker's frontend. With another builder, slipway would also warn about what that builder cannot do.
  const env = { SLIPWAY_BUILDER: "buildkit" };
  return { files, uses: Object.keys(files).map((file) => ({ args: ["--check", "-f", file, "."], env })) };
}

const examples = Object.entries(RULES).map(([rule, { bad, good }]) => [rule, checked(bad, good)] as const);
const others = Object.entries(EDGE_CASES).map(([what, texts]) => [what, checked(...texts)] as const);

export const CHECK_CASES: Readonly<Record<string, Case>> = Object.fromEntries([...examples, ...others]);
