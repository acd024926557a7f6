/** docs/reference/progress-json.md: the lines of `--progress json`. The types of the fields are held against those of the program. */
import type { JsonLine } from "../../src/cli/ui/json.ts";
import type { Stage } from "../../src/events.ts";
import { exactly, instant, integer, list, mapOf, number, object, oneOf, text, truth } from "./json-fields.ts";
import type { Field, Fields, ObjectOf, Same } from "./json-fields.ts";
import { table } from "./manifest.ts";

const STAGES = ["pack", "create", "schedule", "ship", "build", "export", "sbom", "load"] as const satisfies Stage[];

const stage = oneOf(STAGES, "The stage. Stages may overlap.");
const step = text("The step's name among these lines. It means nothing outside of this build.");
const timestamp = instant("By the clock of the builder's node.");
const ms = number("Wall time in milliseconds.");

/** For each type: when it is written, the fields that it always has, and those that it may have. */
const LINES = {
  "stage-started": line("A stage of the build begins.", { stage }, { detail: text("Of what: a name, for example.") }),
  "stage-done": line(
    "A stage has ended well.",
    { stage, ms },
    { detail: text("The result, for people: `12 files, 48.1 kB`."), bytes: number("Bytes that it transferred.") },
  ),
  "stage-failed": line("A stage has failed. The last line says why.", { stage, ms }, {}),
  upload: line(
    "Bytes of the context, while they are sent.",
    { sent: number("So far. Fewer than before mean a new attempt.") },
    {},
  ),
  "upload-size": line(
    "About how many bytes of the context there are to send. An estimate from the files that are packed already, until all are.",
    { bytes: number("In all, compressed.") },
    {},
  ),
  waiting: line("What the build waits for.", { message: text("One sentence.") }, {}),
  note: line("A decision about this build.", { message: text("One sentence.") }, {}),
  warning: line(
    "Something that the build does not fail for.",
    { message: text("One sentence.") },
    { suggestions: list(text(""), "What to do about it, one sentence each.") },
  ),
  "step-started": line(
    "A step of the builder begins. A step may begin again after its end.",
    { step, name: text("As docker names steps: `[build 3/7] RUN make`."), timestamp },
    { background: truth("It runs beside all others: what the builder does outside of the instructions.") },
  ),
  "step-status": line(
    "What a step does now, such as a transfer.",
    {
      step,
      text: text("One line for people: `sha256:… 1.1MB / 3.3MB 0.2s`."),
      id: text("What the line is about, the same in each of its lines: `sha256:…`."),
      done: truth("It has ended."),
      timestamp,
    },
    { current: number("Bytes so far, as precise as the builder reports them."), total: number("Bytes in all.") },
  ),
  "step-done": line(
    "A step has ended well.",
    { step, cached: truth("The result was taken from a cache."), ms, timestamp },
    {},
  ),
  "step-failed": line(
    "A step has failed, or was cancelled: then `error` is `canceled`.",
    { step, error: text("As the builder says."), ms, timestamp },
    {},
  ),
  log: line(
    "A line of the builder's log.",
    { line: text("Without its line feed."), container: text("The container that wrote it."), timestamp },
    {
      step,
      from: oneOf(
        ["output", "builder", "excerpt", "repeat"],
        "`output`, the default: a command of the Dockerfile printed it. `builder`: the builder speaks of its own work. `excerpt`: a line of the Dockerfile around a failure. `repeat`: other lines have told it already.",
      ),
    },
  ),
  built: line(
    "The build has succeeded. It is the last line.",
    {
      result: object(
        {
          name: text("Name of the build and of its Job."),
          builder: text("Name of the builder."),
          digest: text("Digest of the image's manifest."),
          references: list(text(""), "Every reference that the image was pushed to. Empty if it was not pushed."),
        },
        {
          configDigest: text("Digest of the image's configuration, docker's image ID."),
          descriptor: object(
            { mediaType: text("Media type of the manifest."), size: number("Size of the manifest in bytes.") },
            {
              platform: object(
                { architecture: text("Such as `amd64`."), os: text("Such as `linux`.") },
                { variant: text("Such as `v8`.") },
                "Only if it was asked for.",
              ),
              annotations: mapOf(text(""), "Annotations of the manifest. Only with `--keep`."),
            },
            "The manifest, if the registry was asked for it.",
          ),
          names: list(text(""), "The image's names for docker's metadata file."),
          loaded: object(
            { id: text("The image's ID in the engine."), names: list(text(""), "Its names there.") },
            {},
            "The image in the local engine, if it was loaded.",
          ),
          imageless: truth("The build makes no image: only files, or nothing."),
        },
        "What was built.",
      ),
    },
    {},
  ),
  failed: line(
    "The build has failed. It is the last line.",
    {
      exit: integer("The [exit code](exit-codes.md)."),
      name: text("Kind of the error, such as `BuildFailed`."),
      message: text("One sentence."),
      suggestions: list(text(""), "What to do about it, one sentence each."),
      causes: list(text(""), "What led to it, outermost first. Only for a fault of slipway."),
    },
    {
      line: integer("The line of the Dockerfile that it is about, from 1."),
      excerpt: list(text(""), "The lines of the Dockerfile around it, for people."),
      frames: list(text(""), "The stack. Only for a fault of slipway."),
    },
  ),
};

interface Line<Required extends Fields, Optional extends Fields> {
  readonly about: string;
  readonly required: Required;
  readonly optional: Optional;
}

function line<Required extends Fields, Optional extends Fields>(
  about: string,
  required: Required,
  optional: Optional,
): Line<Required, Optional> {
  return { about, required, optional };
}

type Documented = {
  [Type in keyof typeof LINES]: ObjectOf<(typeof LINES)[Type]["required"], (typeof LINES)[Type]["optional"]> & {
    readonly time: string;
    readonly type: Type;
  };
}[keyof typeof LINES];

/** Does not compile unless the fields above are those that the program writes. */
export const IS_COMPLETE: Same<Documented, JsonLine> = true;

const TIME = instant("When slipway wrote the line, by the clock of its machine.");

/** JSON schema (2020-12) of one line. */
export function progressJsonSchema(): object {
  const lines = Object.entries(LINES).map(([type, { about, required, optional }]) => {
    const { schema } = object({ time: TIME, type: exactly(type, about), ...required }, optional, about);
    return { description: about, ...schema };
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A line of slipway build --progress json",
    oneOf: lines,
  };
}

function sectionOf([type, { about, required, optional }]: [string, Line<Fields, Fields>]): string {
  const rows = (fields: Fields, note: string): string[][] =>
    Object.entries(fields).flatMap(([name, field]) => rowsOf(name, field, note));
  return `### ${type}

${about}

${table(["Field", "Type", "Meaning"], [...rows(required, ""), ...rows(optional, "Optional. ")])}`;
}

function rowsOf(name: string, { schema, about }: Field<unknown>, note: string): string[][] {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, Record<string, unknown>>;
    required?: string[];
  };
  const inner = Object.entries(properties).flatMap(([key, { description, ...of }]) =>
    rowsOf(`${name}.${key}`, { schema: of, about: String(description) }, required.includes(key) ? "" : "Optional. "),
  );
  return [[`\`${name}\``, typeOf(schema), `${note}${about}`], ...inner];
}

function typeOf(schema: Readonly<Record<string, unknown>>): string {
  if (Array.isArray(schema["enum"])) return schema["enum"].map((value) => `\`${String(value)}\``).join(", ");
  if (schema["type"] === "array") return "list of strings";
  return schema["format"] === "date-time" ? "time, as RFC 3339" : String(schema["type"]);
}

export function progressJsonPage(): string {
  return `# The lines of --progress json

With \`--progress json\` standard error has one JSON object on each line. Written by \`npm run docs\`.

\`\`\`sh
slipway build --progress json -t registry.example.com/team/app . 2>progress.jsonl
jq -r 'select(.type == "step-done") | "\\(.ms) ms  \\(.step)"' progress.jsonl
jq -r 'select(.type == "built") | .result.digest' progress.jsonl
\`\`\`

The last line is of the type \`built\` or \`failed\`, unless the build was started with \`--detach\` or the client was killed. A program that
reads the lines skips types and fields that it does not know: later versions may add some, and take none away.
For programs that read BuildKit's own stream, such as compose, there is \`--progress rawjson\`.

Each line has \`time\`, when slipway wrote it (RFC 3339), and \`type\`:

${Object.entries(LINES as Readonly<Record<string, Line<Fields, Fields>>>)
  .map(sectionOf)
  .join("\n\n")}

## JSON schema

\`\`\`json
${JSON.stringify(progressJsonSchema(), undefined, 2)}
\`\`\`
`;
}
