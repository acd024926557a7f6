/** What bin/run.js starts. */
export { execute } from "@oclif/core";
