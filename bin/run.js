#!/usr/bin/env node
"use strict";
// Plain JavaScript that any Node can parse, so that one that is too old says so in a sentence.
var versions = process.versions.node.split(".").map(Number);
if (versions[0] < 22 || (versions[0] === 22 && versions[1] < 19)) {
  process.stderr.write(
    "ERROR: slipway needs Node 22.19 or newer, this is " +
      process.versions.node +
      "\n  Install a newer Node, or put one first on your PATH.\n",
  );
  process.exit(125);
}
require("../dist/start.cjs").startAs(process.argv);
