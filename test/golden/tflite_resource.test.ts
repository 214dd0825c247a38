import { describe, expect, it } from "vitest";
import { openLiteRt } from "../../src/formats/litert.js";
import { exportNetwork } from "../../src/formats/tflite/export_network.js";
import { readTflite } from "../../src/formats/tflite/read/read.js";
import { openNetwork } from "../../src/formats/tflite/read/runner.js";
import { type GoldenCase, readGolden } from "./read_golden.js";

const { source, cases } = readGolden("tflite_resource");

function parts({ inputs, outputs, attributes }: GoldenCase) {
  const runs = attributes["runs"] as number;
  const rows = (values: Float64Array): Float64Array[] =>
    Array.from({ length: runs }, (_, i) => values.slice((i * values.length) / runs, ((i + 1) * values.length) / runs));
  const x = inputs.get("x")!;
  const given = rows(x.values).map((row) => (x.dtype === "i8" ? Int8Array.from(row) : Float32Array.from(row)));
  return { file: Uint8Array.from(inputs.get("file")!.values), given, wanted: rows(outputs.get("y")!.values), isReal: x.dtype === "f32" };
}

describe(`a streaming network whose states are resource variables, from ${source}'s converter`, () => {
  for (const [name, golden] of cases) {
    const { file, given, wanted, isReal } = parts(golden);
    const near = (found: ArrayLike<number>, run: number): void =>
      wanted[run]!.forEach((w, i) => expect(Math.abs(found[i]! - w)).toBeLessThanOrEqual(isReal ? 1e-6 : 0));

    it(`${name}: the recorded results of the reference kernels, run after run`, async () => {
      const network = await openNetwork(readTflite(file, "golden.tflite"), { target: "wasm" });
      given.forEach((x, run) => near(network.run([x])[0]!, run));
      network.reset();
      near(network.run([given[0]!])[0]!, 0);
      network.close();
    });

    it(`${name}: so does the file that we write of it, with states in variables and outside`, async () => {
      const read = readTflite(file, "golden.tflite");
      const again = await openNetwork(readTflite(exportNetwork(read, "resource", undefined, "golden"), "again.tflite"), {
        target: "wasm",
      });
      expect(again.inputs.length).toBe(1);
      given.forEach((x, run) => near(again.run([x])[0]!, run));
      again.close();
      const outside = await openNetwork(readTflite(exportNetwork(read, "external", undefined, "golden"), "outside.tflite"), {
        target: "wasm",
      });
      expect(outside.inputs.length).toBe(1 + read.graph.states.length);
      let states = read.graph.states.map((state) => read.states.get(state.name)!);
      given.forEach((x, run) => {
        const [y, ...next] = outside.run([x, ...states]);
        near(y!, run);
        states = next;
      });
      outside.close();
    });

    it(`${name}: LiteRT takes the file that we write of it`, async () => {
      const network = await openLiteRt(exportNetwork(readTflite(file, "golden.tflite"), "resource", undefined, "golden"));
      for (const [run, x] of given.entries()) {
        const [y] = await network.run([x]);
        wanted[run]!.forEach((w, i) => expect(Math.abs(y![i]! - w)).toBeLessThanOrEqual(isReal ? 1e-5 : 2));
      }
      network.close();
    });
  }
});
