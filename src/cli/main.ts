#!/usr/bin/env node
import { type CommandEntry, runCommandLine } from "./run.js";

/** Every command, in the order of the help text. A module is loaded only when its command is used. */
const commands: readonly CommandEntry[] = [
  { name: "data", summary: "get, synthesise, check and count data sets", load: () => import("./data.js") },
  { name: "report", summary: "make one HTML page of a training run", load: () => import("./report.js") },
];

process.exitCode = await runCommandLine(commands, process.argv.slice(2));
