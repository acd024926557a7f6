/** Transports are one table: everything else derives from its facts, and no other file lists their names. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rightsOf } from "../../../src/app/rbac/rights.ts";
import {
  AUTO,
  TRANSPORTS,
  candidatesOf,
  claimingTransports,
  mountsClaim,
  needsClaim,
} from "../../../src/plan/transports.ts";
import { SRC, sourceFiles } from "../imports.ts";

describe("the table of transports", () => {
  it("the table has the names that --transport accepts", () => {
    expect(TRANSPORTS).toEqual(["configmap", "stream", "pvc", "cache"]);
    expect(claimingTransports()).toBe("pvc or cache");
  });

  it.each(TRANSPORTS)("decides the rights of a build with %s", (transport) => {
    const rights = rightsOf({ transport, ships: false, files: false, manage: false });
    const resources = rights.map(({ resource }) => resource);
    const [row] = candidatesOf(transport);
    expect({
      exec: resources.includes("pods/exec"),
      configMaps: resources.includes("configmaps"),
      claims: resources.includes("persistentvolumeclaims"),
    }).toEqual({ exec: row?.needsExec, configMaps: row?.usesConfigMap, claims: row?.claim === "kept" });
  });

  it("lets auto choose between transports without a claim", () => {
    expect(candidatesOf(AUTO)).toEqual([...candidatesOf("configmap"), ...candidatesOf("stream")]);
    expect([AUTO, ...TRANSPORTS].filter((name) => needsClaim(name))).toEqual(["pvc", "cache"]);
    expect(mountsClaim({ transport: AUTO, cacheVolume: "state" })).toBe(true);
  });
});

describe("the names of transports", () => {
  /** Each file that implements transports names its own: the rows that deliver, and the deliveries they make. */
  const MAY_NAME = ["plan/transports.ts", "ship/"];
  const names = TRANSPORTS.join("|");
  /** A name as a value where a transport is meant, or a list of names in a help text. */
  const NAMED = [
    new RegExp(String.raw`\btransport\)?\s*(?:===|!==|:|=|\?\?)\s*["'](?:${names})["']`, "g"),
    /["'](?:configmap|pvc)["']/g,
    new RegExp(String.raw`\b(?:${names})(?:, | or )(?:${names})\b`, "g"),
  ];

  it("no other file of the source has the names of transports", async () => {
    const found: string[] = [];
    for (const file of await sourceFiles()) {
      if (MAY_NAME.some((allowed) => file.startsWith(allowed))) continue;
      const text = await readFile(join(SRC, file), "utf8");
      for (const pattern of NAMED) found.push(...[...text.matchAll(pattern)].map(([hit]) => `${file}: ${hit}`));
    }
    expect(found).toEqual([]);
  });
});
