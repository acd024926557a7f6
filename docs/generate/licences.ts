/** Writes docs/reference/licences.md from what the bundle is made of: `npm run docs`. */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";

const ROOT = new URL("../../", import.meta.url);
const PAGE = new URL("docs/reference/licences.md", ROOT);

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license?: string | { readonly type?: string };
}

/** A package with code in the bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** As its package.json says. */
  readonly licence: string;
}

/** @param inputs paths of the bundle's sources, as esbuild's metafile has them; those of packages have node_modules/ in them */
export function bundledPackages(inputs: Iterable<string>): BundledPackage[] {
  // A build elsewhere than here has them by way of a link, and so from further up.
  const folders = new Set(
    [...inputs].flatMap((path) => /node_modules\/(?:.*node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const packages = [...folders].map((folder): [string, BundledPackage] => {
    const { name, version, license } = JSON.parse(
      readFileSync(new URL(`${folder}/package.json`, ROOT), "utf8"),
    ) as Package;
    const licence = typeof license === "string" ? license : license?.type;
    if (licence === undefined) throw new Error(`${name} says of no licence`);
    return [`${name} ${version}`, { name, version, licence }];
  });
  return [...new Map(packages).values()];
}

export function licencesPage(inputs: Iterable<string>): string {
  const rows = bundledPackages(inputs).map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`);
  return `# Licences

Slipway is under the Apache License 2.0. The program, \`dist/\`, has code of these packages in it; \`keytar\` (MIT) is installed beside it
where it can be. Their texts and notices are in \`dist/THIRD-PARTY-LICENCES\`, which each build of the program writes. Written by \`npm run docs\` from what the bundler has put together; a test holds it to that.

| package | version | licence |
| ------- | ------- | ------- |
${rows.toSorted().join("\n")}
`;
}

/** As the bundler has just seen them. */
export function bundledInputs(metafile: string): string[] {
  const { outputs } = JSON.parse(metafile) as { outputs: Record<string, { inputs: Record<string, unknown> }> };
  return Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
}

if (import.meta.main) {
  execFileSync(process.execPath, ["build.mjs", "--meta"], { cwd: ROOT });
  const meta = new URL("dist/meta.json", ROOT);
  writeFileSync(PAGE, licencesPage(bundledInputs(readFileSync(meta, "utf8"))));
  rmSync(meta);
  execFileSync("npx", ["oxfmt", PAGE.pathname], { stdio: "ignore" });
}
