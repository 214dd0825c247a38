import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/base/errors.js";
import { RandomStream } from "../../src/base/random.js";
import { openLiteRt } from "../../src/formats/litert.js";
import { exportTflite } from "../../src/formats/tflite/export.js";
import { readTflite } from "../../src/formats/tflite/read/read.js";
import { serializeTflite } from "../../src/formats/tflite/serialize.js";
import { openNetwork } from "../../src/formats/tflite/read/runner.js";
import { randomModel } from "./random_model.js";

const networks: [model: string, frontend: string][] = [
  ["dnn_s", "arm"],
  ["cnn_s", "log_mel_4k"],
  ["ds_cnn_s", "arm"],
  ["svdf", "kws_streaming"],
  ["crnn", "kws_streaming"],
];

describe("a float .tflite file read as a graph", () => {
  for (const [name, frontend] of networks)
    it(`gives LiteRT's scores: ${name}`, async () => {
      const bytes = exportTflite(randomModel(name, frontend), { features: "none" });
      const theirs = await openLiteRt(bytes);
      const ours = await openNetwork(readTflite(bytes, "a.tflite"), { target: "wasm" });
      try {
        expect(ours.inputs.map(({ shape }) => shape)).toEqual(theirs.inputs.map(({ shape }) => shape));
        const random = new RandomStream(5);
        const size = ours.inputs[0].shape.reduce((p, n) => p * n, 1);
        for (let i = 0; i < 3; i++) {
          const x = Float32Array.from({ length: size }, () => 2 * random.normal());
          const [wanted] = await theirs.run([x]);
          const [found] = ours.run([x]);
          expect(Math.max(...wanted) - Math.min(...wanted)).toBeGreaterThan(1e-3);
          for (const [j, w] of wanted.entries()) expect(Math.abs((found[j] as number) - w)).toBeLessThan(2e-6);
        }
      } finally {
        ours.close();
        theirs.close();
      }
    });

  it("with states outside has them as inputs and outputs", () => {
    const bytes = exportTflite(randomModel("crnn_state", "kws_streaming"), { features: "none", states: "external" });
    const { graph } = readTflite(bytes, "a.tflite");
    expect(graph.inputs.length).toBeGreaterThan(1);
    expect(graph.outputs.length).toBe(graph.inputs.length);
  });
});

describe("a damaged .tflite file", () => {
  it("gives a graph or a FormatError, whatever bytes are changed", () => {
    const whole = exportTflite(randomModel("ds_cnn_s", "arm"), { features: "none" });
    const random = new RandomStream(11);
    let refused = 0;
    for (let i = 0; i < 400; i++) {
      const bytes = whole.slice(0, random.uniform() < 0.2 ? Math.floor(random.uniform() * whole.length) : whole.length);
      // Tables stand at both ends, weights between them.
      const span = Math.min(bytes.length, 6000);
      for (let k = 0; k < 1 + (i % 4); k++) {
        const at = Math.floor(random.uniform() * span);
        bytes[random.uniform() < 0.5 ? at : bytes.length - 1 - at] = Math.floor(random.uniform() * 256);
      }
      try {
        readTflite(bytes, "a.tflite");
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });

  it("is refused with file, place, what was found and what to do", () => {
    expect(() => readTflite(new Uint8Array(40), "a.tflite")).toThrow("a.tflite: byte 4: TFL3 is missing");
  });

  it("is refused where an operator that only moves elements changes their scale", () => {
    const quantized = (name: string, shape: readonly number[], scale: number) => ({
      name,
      shape,
      type: "int8" as const,
      quantization: { scale: [scale], zeroPoint: [3] },
    });
    const shape = { name: "shape", shape: [2], type: "int32" as const, data: new Uint8Array(Int32Array.of(2, 1).buffer) };
    const reshaping = (scale: number): Uint8Array =>
      serializeTflite({
        description: "",
        tensors: [quantized("x", [2], 0.5), shape, quantized("y", [2, 1], scale)],
        operators: [{ code: "RESHAPE", version: 1, inputs: [0, 1], outputs: [2] }],
        inputs: [{ name: "x", tensor: 0 }],
        outputs: [{ name: "y", tensor: 2 }],
        metadata: new Map(),
      });
    expect(readTflite(reshaping(0.5), "a.tflite").graph.nodes).toHaveLength(1);
    expect(() => readTflite(reshaping(0.25), "a.tflite")).toThrow(
      "operator 0 (RESHAPE): gives a scale of 0.5 and the zero point 3, and the file says a scale of 0.25 and the zero point 3 of its result",
    );
  });

  // x (input) + c (constant) = y; tensor 0, 1, 2
  const tensors = ["x", "c", "y"].map((name) => ({
    name,
    shape: [2],
    type: "float32" as const,
    ...(name === "c" ? { data: new Uint8Array(8) } : {}),
  }));
  const adding = (results: readonly number[]): Uint8Array =>
    serializeTflite({
      description: "",
      tensors,
      operators: results.map((output) => ({ code: "ADD", version: 1, inputs: [0, 1], outputs: [output] })),
      inputs: [{ name: "x", tensor: 0 }],
      outputs: [{ name: "y", tensor: 2 }],
      metadata: new Map(),
    });

  it("is read where every tensor has one writer", () => {
    expect(readTflite(adding([2]), "a.tflite").graph.nodes.map(({ op }) => op)).toEqual(["add"]);
  });

  for (const [what, results] of [
    ["an input", [0, 2]],
    ["a constant", [1, 2]],
    ["a result", [2, 2]],
  ] as const)
    it(`is refused where an operator writes over ${what}`, () => {
      const name = tensors[results[0]]?.name;
      expect(() => readTflite(adding(results), "a.tflite")).toThrow(
        `(ADD): its result ${name} is an input, a constant or the result of an operator before it`,
      );
    });
});
