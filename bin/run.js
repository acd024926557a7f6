#!/usr/bin/env node
// Plain JavaScript that any Node can parse, so that one that is too old says so in a sentence.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `ERROR: slipway needs Node 22.19 or newer, this is ${process.versions.node}\n  Install a newer Node, or put one first on your PATH.\n`,
  );
  process.exit(125);
}

const { enableCompileCache } = await import("node:module");
// Half of the time to the first request would go into compiling the same code again.
enableCompileCache();

/** The words to run with, by the name of the link: as a plugin of docker's or kubectl's there may be nothing left to run. */
async function wordsOf([, path = "", ...words]) {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  if (!/^(?:docker|kubectl)-/.test(name)) return words;
  return (await import("../dist/names/called-as.js")).calledAs(name, words);
}

const args = await wordsOf(process.argv);
if (args !== undefined) {
  const { execute } = await import("../dist/main.js");
  // Not awaited: a reader of the help that is gone (`| head -1`) would keep it waiting for ever, which Node complains of.
  void execute({ args, dir: import.meta.url });
}
