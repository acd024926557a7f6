/** The output of `--check` is the same as docker's, word for word. */
import { CHECK_CASES } from "./check-cases.ts";
import { compareWithDocker } from "./compare-with-docker.ts";

compareWithDocker("checks", CHECK_CASES);
