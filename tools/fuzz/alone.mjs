// Runs one case in a process of its own and prints what it cost: node tools/fuzz/alone.mjs TARGET < BYTES
import { setTimeout } from "node:timers/promises";
import { runCase } from "./case.mjs";
import { resident, watchPeak } from "./memory.mjs";
import { targetNamed } from "./targets/index.mjs";

const target = targetNamed(process.argv[2]);
const parts = [];
for await (const part of process.stdin) parts.push(part);
const bytes = new Uint8Array(Buffer.concat(parts));
await setTimeout(20);
const idle = resident();
const peak = watchPeak();
const { accepted, isFault, error, milliseconds } = await runCase(target, bytes);
const message = error === undefined ? undefined : String(error instanceof Error ? error.message : error);
process.stdout.write(JSON.stringify({ accepted, isFault, message, milliseconds, memory: Math.max(0, peak() - idle) }));
