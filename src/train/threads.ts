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
}

/**
 * Shares the cores: one loader worker for four cores (three at most), the rest for the step. One core alone does everything in turn.
 * @param workers given by the user
 * @param threads given by the user
 */
export function planThreads(
  workers: number | undefined,
  threads: number | undefined,
  cores = availableParallelism(),
): ThreadPlan {
  const loaders = workers ?? Math.min(3, cores < 2 ? 0 : Math.max(1, Math.floor(cores / 4)));
  return { workers: loaders, threads: threads ?? Math.max(1, cores - loaders) };
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
