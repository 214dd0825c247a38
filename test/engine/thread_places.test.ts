import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { tensor } from "../../src/graph/types.js";

/** What each thread of this process may run on. */
function places(): Set<string> {
  const tasks = "/proc/self/task";
  return new Set(
    readdirSync(tasks).map(
      (task) => /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync(`${tasks}/${task}/status`, "utf8"))?.[1] ?? "",
    ),
  );
}

const runs = nativeCompiler() !== undefined && process.platform === "linux";

it.skipIf(!runs)("threads that were woken may run where they might before (needs a C compiler and Linux)", async () => {
  const before = places();
  const builder = new GraphBuilder("sum");
  const x = builder.input("x", tensor("f32", [64, 64]));
  builder.output("sum", builder.op("add", [x, x]));
  const program = await compile(builder.finish(), { target: "native", threads: 4 });
  program.write("x", new Float32Array(64 * 64).fill(1));
  for (let turn = 0; turn < 5; turn++) {
    // Long enough to fall asleep.
    await pause(5);
    program.run();
    expect(new Set(program.read("sum"))).toEqual(new Set([2]));
  }
  program.run();
  expect(places()).toEqual(before);
  program.close();
});
