/** `--check`, word for word as docker's. */
import { CHECK_CASES } from "./check-cases.ts";
import { holdAgainstDocker } from "./hold.ts";

holdAgainstDocker("checks", CHECK_CASES);
