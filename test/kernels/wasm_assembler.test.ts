import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteWriter, CodeWriter, ModuleWriter } from "../../src/kernels/wasm_assembler.js";
import { wasmFeatures } from "../../src/kernels/wasm_features.js";

function encoded(write: (out: ByteWriter) => void): number[] {
  const out = new ByteWriter();
  write(out);
  return [...out.finish()];
}

/** Instantiates a module with one function of no parameters and calls it. */
function evaluate(result: "i32" | "f32" | "f64", fill: (code: CodeWriter) => void): unknown {
  const module = new ModuleWriter();
  const code = new CodeWriter([]);
  fill(code);
  module.export("f", module.add({ parameters: [], results: [result], body: code.finish() }));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()));
  return (instance.exports["f"] as () => unknown)();
}

describe("numbers of the binary format", () => {
  it("LEB128 as in the specification's examples", () => {
    expect(encoded((out) => out.unsigned(624485))).toEqual([0xe5, 0x8e, 0x26]);
    expect(encoded((out) => out.signed(-123456))).toEqual([0xc0, 0xbb, 0x78]);
    expect(encoded((out) => out.unsigned(0xffffffff))).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
    expect(encoded((out) => out.signed(64))).toEqual([0xc0, 0x00]);
    expect(() => encoded((out) => out.unsigned(-1))).toThrow(/unsigned/);
    expect(() => encoded((out) => out.unsigned(2 ** 32))).toThrow(/unsigned/);
  });

  it("constants come back from the engine", () => {
    fc.assert(
      fc.property(fc.integer(), fc.float(), fc.double(), (i, f, d) => {
        expect(evaluate("i32", (code) => code.i32(i))).toBe(i);
        expect(evaluate("f32", (code) => code.f32(f))).toBe(f);
        expect(evaluate("f64", (code) => code.f64(d))).toBe(d);
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  it("long names and bodies keep their sizes", () => {
    const name = "é".repeat(300);
    const module = new ModuleWriter();
    const code = new CodeWriter([]);
    code.i32(0);
    for (let i = 0; i < 20000; i++) {
      code.i32(i);
      code.op("i32.add");
    }
    module.export(name, module.add({ parameters: [], results: ["i32"], body: code.finish() }));
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()));
    expect((instance.exports[name] as () => number)()).toBe((20000 * 19999) / 2);
  });
});

describe("functions", () => {
  it("reuse locals of the same type and keep types apart", () => {
    const code = new CodeWriter(["i32", "i32"]);
    const a = code.local("f32");
    const b = code.local("v128");
    expect([a, b]).toEqual([2, 3]);
    code.release(a);
    expect(code.local("v128")).toBe(4);
    expect(code.local("f32")).toBe(2);
    expect(() => code.release(1)).toThrow(/parameter/);
  });

  it("imports come before functions", () => {
    const module = new ModuleWriter();
    module.add({ parameters: [], results: [], body: new CodeWriter([]).finish() });
    expect(() => module.importFunction("a", "b", [], [])).toThrow(/imported before/);
  });

  it("data lies in memory after instantiation", () => {
    const module = new ModuleWriter();
    module.importMemory("env", "memory", { initialPages: 1, shared: false });
    module.data(1000, new Uint8Array([1, 2, 255]));
    const memory = new WebAssembly.Memory({ initial: 1 });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } });
    expect(Object.keys(instance.exports)).toEqual([]);
    expect([...new Uint8Array(memory.buffer, 999, 5)]).toEqual([0, 1, 2, 255, 0]);
  });

  it("atomic instructions act on shared memory", () => {
    const module = new ModuleWriter();
    module.importMemory("env", "memory", { initialPages: 1, maximumPages: 1, shared: true });
    const code = new CodeWriter([]);
    code.i32(8);
    code.i32(5);
    code.memory("i32.atomic.store", 0, 2);
    code.fence();
    code.i32(8);
    code.i32(7);
    code.memory("i32.atomic.rmw.add", 0, 2);
    module.export("f", module.add({ parameters: [], results: ["i32"], body: code.finish() }));
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } });
    expect((instance.exports["f"] as () => number)()).toBe(5);
    expect(new Int32Array(memory.buffer)[2]).toBe(12);
  });
});

it("this engine runs vectors and threads", () => {
  const features = wasmFeatures();
  expect(features.simd && features.threads).toBe(true);
  expect(wasmFeatures()).toBe(features);
});

it.skipIf(!wasmFeatures().relaxed)("relaxed multiply-add (skipped where the engine has no relaxed SIMD)", () => {
  const sum = evaluate("f32", (code) => {
    for (const value of [3, 5, 7]) {
      code.f32(value);
      code.op("f32x4.splat");
    }
    code.op("f32x4.relaxed_madd");
    code.lane("f32x4.extract_lane", 3);
  });
  expect(sum).toBe(22);
});
