import { expect, it } from "vitest";
import { lineOf } from "../../../../src/lib/dockerfile/locate.ts";
import type { Place } from "../../../../src/lib/dockerfile/locate.ts";
import { parseDockerfile } from "../../../../src/lib/dockerfile/parse.ts";

const DOCKERFILE = parseDockerfile(`ARG VERSION=1.35
FROM reg.io/busybox:$VERSION AS one
RUN a && \\
  b
COPY --chmod=+x x.sh /bin/
COPY ["dir/a b.txt", "/"]
RUN twice
FROM alpine
RUN twice
COPY ./plain.txt other/ /srv/
COPY --from=one plain.txt /
RUN --mount=type=cache,target=/c <<END
script
END
`);

const lineSeven: Place = { kind: "line", line: 7 };
const instruction = (text: string): Place => ({ kind: "instruction", text });
const source = (path: string): Place => ({ kind: "source", path });
const image = (name: string): Place => ({ kind: "image", name });

it.each([
  [instruction("RUN a &&   b"), 3],
  [instruction("RUN a && b"), 3],
  [instruction("COPY --chmod=+x x.sh /bin/"), 5],
  [instruction("COPY x.sh /bin/"), 5],
  [instruction("RUN <<END"), 12],
  [instruction("RUN other"), undefined],
  // Two lines are the same: neither is named.
  [instruction("RUN twice"), undefined],
  [source("plain.txt"), 10],
  [source("other"), 10],
  [source("nothere"), undefined],
  [image("reg.io/busybox:1.35"), 2],
  [image("alpine:latest"), 8],
  [image("index.io/library/none"), undefined],
  [lineSeven, 7],
])("%j is line %s", (place, line) => {
  expect(lineOf(place, DOCKERFILE, new Map())).toBe(line);
});
