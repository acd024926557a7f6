/** All cases, in the order of the table. */
import type { FeatureCase } from "../case.ts";
import { ADD_CASES } from "./add.ts";
import { CONFIG_CASES } from "./config.ts";
import { COPY_CASES } from "./copy.ts";
import { MODE_CASES } from "./modes.ts";
import { MOUNT_CASES } from "./mounts.ts";
import { POD_FILE_CASES } from "./pod-files.ts";
import { RUN_CASES } from "./run.ts";
import { STAGE_CASES } from "./stages.ts";

export const SECTIONS: readonly { readonly title: string; readonly cases: readonly FeatureCase[] }[] = [
  { title: "FROM, stages and variables", cases: STAGE_CASES },
  { title: "COPY", cases: [...COPY_CASES, ...MODE_CASES, ...POD_FILE_CASES] },
  { title: "ADD", cases: ADD_CASES },
  { title: "RUN", cases: [...RUN_CASES, ...MOUNT_CASES] },
  { title: "Configuration", cases: CONFIG_CASES },
];

export const CASES: readonly FeatureCase[] = SECTIONS.flatMap(({ cases }) => cases);
