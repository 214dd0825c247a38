import type { Command } from "commander";
import { register as registerCheck } from "./data_check.js";
import { register as registerFeaturize } from "./data_featurize.js";
import { register as registerGet } from "./data_get.js";
import { register as registerList } from "./data_list.js";
import { register as registerLong } from "./data_long.js";
import { register as registerRunning } from "./data_running.js";
import { register as registerSplit } from "./data_split.js";
import { register as registerStats } from "./data_stats.js";
import { register as registerSynth } from "./data_synth.js";

/** `earshot data`: the commands about data sets. Each loads what it needs only when it runs. */
export function register(program: Command): void {
  const data = program.command("data").description("Get, synthesise, check, count and featurize data sets.");
  for (const registerCommand of [
    registerGet,
    registerSynth,
    registerSplit,
    registerCheck,
    registerStats,
    registerFeaturize,
    registerList,
    registerLong,
    registerRunning,
  ])
    registerCommand(data);
}
