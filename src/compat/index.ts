import { nearest } from "../base/nearest.js";
import { UsageError } from "../base/errors.js";
import { fastcells } from "./fastcells/index.js";
import { kwsStreaming } from "./kws_streaming/index.js";
import { mlKws } from "./ml_kws/index.js";
import type { CompatSystem, ProgramContext } from "./program.js";
import { speechRec } from "./speechrec/index.js";

/** The systems whose command lines are taken as they stand. */
export const systems = [kwsStreaming, mlKws, fastcells, speechRec] as const;

/**
 * Runs a command line of another system.
 * @param args system, program (unless the system has only one), and what stood after it in the original's command line
 * @returns exit code
 * @throws UsageError for a system or program that is not known
 */
export async function runCompat(args: readonly string[], context: ProgramContext): Promise<number> {
  const [name, ...rest] = args;
  if (name === "-h" || name === "--help") return listSystems(context);
  const system = systems.find((candidate) => candidate.name === name);
  if (name === undefined || system === undefined)
    throw unknownName(
      "system",
      name,
      systems.map((candidate) => candidate.name),
    );
  const whole = system.programs[""];
  if (whole !== undefined) return (await whole.load()).run(rest, context);
  const [program, ...after] = rest;
  if (program === "-h" || program === "--help") return listSystems(context, [system]);
  // As it stands in the documents: "python examples/pytorch/FastCells/train_classifier.py", "bash ./recreate_model.sh".
  const script = program?.replace(/^.*\//, "").replace(/\.(py|sh)$/, "");
  const entry = Object.entries(system.programs).find(([known]) => known === script)?.[1];
  if (entry === undefined) throw unknownName(`program of ${name}`, program, Object.keys(system.programs));
  return (await entry.load()).run(after, context);
}

function listSystems({ print }: ProgramContext, some: readonly CompatSystem[] = systems): number {
  for (const { name, summary, programs } of some) {
    print(`${name.padEnd(16)}${summary}`);
    for (const [program, entry] of Object.entries(programs)) if (program !== "") print(`  ${program.padEnd(22)}${entry.summary}`);
  }
  return 0;
}

function unknownName(kind: string, name: string | undefined, known: readonly string[]): UsageError {
  if (name === undefined) return new UsageError(`compat: name a ${kind}: ${known.join(", ")}`);
  const close = nearest(name, known);
  const advice = close === undefined ? `known are ${known.join(", ")}` : `did you mean ${close}?`;
  return new UsageError(`compat: '${name}' is no ${kind}; ${advice}`);
}
