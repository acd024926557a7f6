/** Archives as contexts, held against what docker made of the same ones (test/contract/recorded/archives.json). */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { gatherContext } from "../../../../src/plan/gather.ts";
import { packContext } from "../../../../src/pack/pack.ts";
import type { PackNote } from "../../../../src/pack/pack.ts";
import { ARCHIVE_CASES, archiveCase } from "../../../contract/archive-cases.ts";
import { listArchive } from "../../../contract/list-archive.ts";

interface Answer {
  readonly files?: readonly string[];
  readonly refused?: string;
}

const { cases } = JSON.parse(
  readFileSync(new URL("../../../contract/recorded/archives.json", import.meta.url), "utf8"),
) as { cases: Record<string, { classic: Answer; buildkit: Answer }> };

/** Where slipway means to do otherwise than BuildKit, with the reason. */
const DIFFERENCES: Readonly<Record<string, { readonly why: string; readonly files: readonly string[] }>> = {
  "a sparse file of GNU tar": {
    why: "docker's reader knows the form, and its unpacking does not",
    files: cases["a sparse file of pax 1.0"]?.buildkit.files ?? [],
  },
  "a contiguous file": {
    why: "POSIX reads it as a regular file",
    files: ['file 644 1 2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6 "c"'],
  },
  "a hard link to itself": {
    why: "GNU tar writes it for a file that is named twice, and nothing is lost",
    files: ['file 644 1 ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb "a"'],
  },
  "a FIFO": { why: "it is skipped with a warning, as in a directory", files: [] },
};

async function packed(archive: Buffer): Promise<{ files: string[]; notes: PackNote[] }> {
  // oxlint-disable-next-line typescript/require-await -- standard input is asynchronous
  const stdin = async function* (): AsyncGenerator<Uint8Array> {
    yield archive;
  };
  const signal = new AbortController().signal;
  const { context } = await gatherContext({ path: "-" }, { stdin, say: () => {}, signal });
  const notes: PackNote[] = [];
  const chunks: Uint8Array[] = [];
  const options = { ...context, prefix: "context/", extra: [], level: 1, signal };
  for await (const chunk of packContext({ ...options, onNote: (note) => notes.push(note) })) chunks.push(chunk);
  return { files: listArchive(gunzipSync(Buffer.concat(chunks)), "context/"), notes };
}

/** What becomes of an archive, as the recording has it of docker. */
async function outcomeOf(name: string): Promise<unknown> {
  const archive = archiveCase(name, "FROM scratch\nCOPY . /\n");
  return packed(archive).then(
    ({ files }) => ({ files }),
    (error: Error) => ({ refused: error.message.slice(0, "the archive from standard input cannot be used: ".length) }),
  );
}

describe("an archive gives the files that docker has of it:", () => {
  it.each(Object.keys(ARCHIVE_CASES))("%s", async (name) => {
    const answer = cases[name]?.buildkit;
    const refused = { refused: "the archive from standard input cannot be used: " };
    const expected = answer?.refused === undefined ? { files: answer?.files } : refused;
    const difference = DIFFERENCES[name];
    expect(await outcomeOf(name)).toEqual(difference === undefined ? expected : { files: difference.files });
    expect(difference?.files).not.toEqual(expected);
  });
});

it("the recording has every case and no other", () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(ARCHIVE_CASES).sort());
});

it("a FIFO of an archive is skipped with a warning", async () => {
  expect((await packed(archiveCase("a FIFO", "FROM scratch\n"))).notes).toEqual([{ path: "pipe", reason: "fifo" }]);
});

it("an entry that cannot be used is named in the error", async () => {
  await expect(packed(archiveCase("a device", "FROM scratch\n"))).rejects.toThrow(
    "the archive from standard input cannot be used: dev/null: it is a device",
  );
});
