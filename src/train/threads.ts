import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Origin } from "./checkpoint.js";
import { describeMachine } from "./checkpoint.js";

/** How the machine's cores are shared. */
export interface ThreadPlan {
  /** Loader threads. */
  workers: number;
  /** Threads of the step. */
  threads: number;
  /** Whether loader and step work in turns, each on all cores, because there are fewer cores than threads. */
  takeTurns: boolean;
}

/**
 * Shares the cores. From four on, one loader worker for four cores (three at most), the rest for the step. On two or three, loader and
 * step take turns on all of them. One core alone does everything in one thread.
 * @param workers given by the user
 * @param threads given by the user
 */
export function planThreads(
  workers: number | undefined,
  threads: number | undefined,
  cores = availableParallelism(),
): ThreadPlan {
  const few = cores < 4;
  const loaders = workers ?? (cores < 2 ? 0 : few ? cores : Math.min(3, Math.floor(cores / 4)));
  const steps = threads ?? (few ? cores : Math.max(1, cores - loaders));
  return { workers: loaders, threads: steps, takeTurns: loaders > 0 && loaders + steps > cores };
}

/** What the results of this process depend on. */
export function originOf(target: string, threads: number, data: string): Origin {
  return { machine: describeMachine(), target, threads, version: version(), node: process.version, data };
}

/** The version in package.json, two folders above this file in dist/ and in src/. */
function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
