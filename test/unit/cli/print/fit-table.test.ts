/** The tables of builds, kept builders and kept contexts on a terminal, which tmux draws. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { fitTable, tableWidth } from "../../../../src/cli/print/fit-table.ts";

const TABLES = join(import.meta.dirname, "../../../../src/cli/print");

const SHOW = `
import { buildTable, contextTable, keptTable } from ${JSON.stringify(join(TABLES, "tables.ts"))};
import { tableWidth } from ${JSON.stringify(join(TABLES, "fit-table.ts"))};
const whole = process.argv[2] === "--no-trunc";
const width = tableWidth(process.stdout, whole);
const now = Date.parse("2026-01-01T03:00:00Z");
const build = {
  name: "slipway-checkout-service-4f7k2m9q", namespace: "team-payments", state: "succeeded", builder: "buildkit", user: "jane.doe@example.com",
  references: ["registry.example.com/team-payments/checkout-service:1.42.0"], createdAt: "2026-01-01T02:12:00Z", endedAt: "2026-01-01T02:13:20Z",
};
const kept = {
  name: "slipway-keep-38143a3338", user: "jane.doe@example.com", platform: "linux/amd64", state: "running", createdAt: "2026-01-01T01:00:00Z",
  lastUsed: "2026-01-01T02:55:00Z", keepSeconds: 3600, diskBytes: 2_345_000_000, builds: 0,
};
const context = {
  name: "checkout-service", claim: "slipway-context-4f7k2m9qx", size: "10Gi", phase: "Bound", createdAt: "2026-01-01T01:00:00Z",
  usedBy: ["slipway-checkout-service-4f7k2m9q", "checkout-service-9xk2pq3w"],
};
process.stdout.write([
  buildTable([build, { ...build, name: "slipway-app-4f7k2m9q", references: ["app:1"], state: "running" }], { now, users: false, width }),
  buildTable([build], { now, users: true, namespaces: true, width }),
  keptTable([kept], { now, users: false, width }),
  keptTable([kept], { now, users: true, width }),
  contextTable([context], now, width),
].join("\\n"));
`;

/** In a directory of its own lies a server of its own: no other terminal is touched. */
let directory: string;
const tmux = (...args: string[]) =>
  execFileSync("tmux", ["-S", join(directory, "tmux"), "-f", "/dev/null", ...args], { encoding: "utf8" });

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "slipway-"));
  writeFileSync(join(directory, "show.mts"), SHOW);
});
afterAll(() => {
  spawnSync("tmux", ["-S", join(directory, "tmux"), "kill-server"]);
  rmSync(directory, { recursive: true });
});

const show = (flags: string): string =>
  `LC_ALL=C.UTF-8 '${process.execPath}' '${join(directory, "show.mts")}' ${flags}`;

/** What the terminal shows. tmux joins the rows that it wrapped itself, so a wrapped row is longer than the terminal. */
async function screenOf(session: string, columns: number, flags: string): Promise<string[]> {
  tmux(
    "-u",
    "new-session",
    "-d",
    "-s",
    session,
    "-x",
    String(columns),
    "-y",
    "24",
    `${show(flags)}; echo shown; sleep 60`,
  );
  let rows: string[] = [];
  await vi.waitFor(
    () => {
      rows = tmux("capture-pane", "-t", session, "-p", "-J", "-S", "-").split("\n");
      expect(rows).toContain("shown");
    },
    { timeout: 30_000 },
  );
  return rows.slice(0, rows.indexOf("shown")).map((row) => row.trimEnd());
}

it("no row wraps at 80 columns", { timeout: 60_000 }, async () => {
  const rows = await screenOf("narrow", 80, "");
  await expect(`${rows.join("\n")}\n`).toMatchFileSnapshot("tables-80.txt");
  const wide = rows.filter((row) => row.length > 80);
  // The table with namespaces and users has 8 columns, and each keeps its least width.
  expect(wide.filter((row) => !row.includes("buildkit  jane") && !row.startsWith("NAMESPACE"))).toEqual([]);
});

it("nothing is cut with --no-trunc, on a wide terminal, or in a pipe", { timeout: 60_000 }, async () => {
  const piped = execFileSync("sh", ["-c", `${show("")} | cat`], { encoding: "utf8" })
    .split("\n")
    .slice(0, -1);
  expect(piped.join("\n")).not.toContain("…");
  expect(await screenOf("wide", 300, "")).toEqual(piped.map((row) => row.trimEnd()));
  expect(await screenOf("whole", 80, "--no-trunc")).toEqual(piped.map((row) => row.trimEnd()));
});

describe("the cells that are cut", () => {
  const rows = [
    ["NAME", "IMAGE"],
    ["a-long-name", "registry/team/app:1.2"],
  ];
  const elastic = [
    { title: "IMAGE", least: 8, tail: 99 },
    { title: "NAME", least: 6, tail: 2 },
  ];
  const cells = (width: number | undefined) => fitTable(rows, elastic, 2, width)[1];

  it("are those of the first column, no more than needed, with the end of an image", () => {
    expect(cells(34)).toEqual(["a-long-name", "registry/team/app:1.2"]);
    expect(cells(33)).toEqual(["a-long-name", "…gistry/team/app:1.2"]);
  });

  it("are those of the next column when the first is as narrow as it may get", () => {
    expect(cells(17)).toEqual(["a-lo…me", "…app:1.2"]);
    expect(cells(3)).toEqual(["a-l…me", "…app:1.2"]);
  });

  it("are none without a width, and a terminal without a screen has none", () => {
    expect(cells(undefined)).toEqual(rows[1]);
    expect(tableWidth({ isTTY: true, columns: 0 }, false)).toBeUndefined();
    expect(tableWidth({ isTTY: true, columns: 80 }, false)).toBe(80);
    expect(tableWidth({ isTTY: true, columns: 80 }, true)).toBeUndefined();
    expect(tableWidth({ isTTY: false, columns: 80 }, false)).toBeUndefined();
  });
});
