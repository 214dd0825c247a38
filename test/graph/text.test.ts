import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/base/errors.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { parseGraph } from "../../src/graph/text_parse.js";
import { printGraph } from "../../src/graph/text_print.js";
import { type Attribute, type Graph, tensor } from "../../src/graph/types.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { buildModel, zooModels } from "../../src/zoo/index.js";

/** A cell that adds its input to its state, over 3 steps, behind a dense layer. */
function smallGraph(): Graph {
  const cell = new GraphBuilder("accumulate");
  const before = cell.input("state", tensor("f32", [1, 2]));
  const step = cell.input("step", tensor("f32", [1, 2]));
  const after = cell.op("add", [before, step]);
  cell.output("state", after);
  cell.output("sum", cell.op("affine", [after], { scale: 0.1, offset: -0 }));
  const body = cell.finish();

  const builder = new GraphBuilder("small");
  const features = builder.input("features", { ...tensor("f32", [3, 1, 4]), time: { axis: 0, rate: 2, delay: 1 } });
  const kernel = builder.parameter("blocks.0.kernel", [4, 2], { kind: "glorot_uniform", fanIn: 4, fanOut: 2 });
  builder.parameter("a name with spaces", [2], { kind: "constant", value: 1e-7 }, "f32", false);
  const carried = builder.state("carried", tensor("f32", [1, 2]));
  const projected = builder.op("dense", [features, kernel]);
  const [last, sums] = builder.apply("scan", [carried, projected], { states: 1, sequences: 1, reverse: false }, body);
  builder.setState(carried, last);
  builder.output("last", last);
  builder.output("sums", builder.op("reshape", [sums], { shape: [1, -1] }));
  return builder.finish();
}

const smallText = `graph small
  input features %0: f32[3,1,4] time(0,2,1)
  parameter blocks.0.kernel %1: f32[4,2] = glorot_uniform(4,2)
  buffer "a name with spaces" %2: f32[2] = constant(1e-7)
  state carried %3: f32[1,2]
  %4: f32[3,1,2] = dense(%0, %1)
  %5: f32[1,2], %6: f32[3,1,2] = scan(%3, %4) {reverse=false, sequences=1, states=1} body
    graph accumulate
      input state %0: f32[1,2]
      input step %1: f32[1,2]
      %2: f32[1,2] = add(%0, %1)
      %3: f32[1,2] = affine(%2) {offset=-0, scale=0.1}
      output state = %2
      output sum = %3
    end
  %7: f32[1,6] = reshape(%6) {shape=[1,-1]}
  next carried = %5
  output last = %5
  output sums = %7
end
`;

describe("graph text", () => {
  it("prints a small graph as recorded", () => {
    expect(printGraph(smallGraph())).toBe(smallText);
  });

  it("reads it back: types, initialisers, attributes, states, bodies", () => {
    const graph = parseGraph(smallText);
    verifyGraph(graph);
    expect(printGraph(graph)).toBe(smallText);
    expect(graph.inputs[0].value.type.time).toEqual({ axis: 0, rate: 2, delay: 1 });
    expect(graph.parameters[0].initializer).toEqual({ kind: "glorot_uniform", fanIn: 4, fanOut: 2 });
    expect(graph.parameters[1]).toMatchObject({ name: "a name with spaces", trainable: false });
    expect(graph.states[0].output).toBe(graph.nodes[1].outputs[0]);
    expect(graph.outputs[0].value).toBe(graph.nodes[1].outputs[0]);
    expect(Object.is(graph.nodes[1].body?.nodes[1].attributes.offset, -0)).toBe(true);
  });

  it("does not depend on the order of attributes", () => {
    const graph = smallGraph();
    const [first, ...rest] = graph.nodes;
    const swapped = { ...graph, nodes: [first, ...rest.map((n) => ({ ...n, attributes: reversed(n.attributes) }))] };
    expect(printGraph(swapped)).toBe(smallText);
  });

  for (const { name, shape } of zooModels)
    it(`round trip of ${name}`, () => {
      const graph = buildModel(name, {}, shape);
      const text = printGraph(graph);
      const again = parseGraph(text);
      verifyGraph(again);
      expect(printGraph(again)).toBe(text);
    });

  const attribute: fc.Arbitrary<Attribute> = fc.oneof(
    fc.double(),
    fc.string(),
    fc.boolean(),
    fc.array(fc.double()),
    fc.array(fc.string(), { minLength: 1 }),
  );
  it("any attributes, names, quantization come back as they were", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ minLength: 1 }), attribute),
        fc.string({ unit: "grapheme" }),
        fc.array(fc.double({ noNaN: true }), { minLength: 1 }),
        (attributes, name, scale) => {
          const value = { id: 0, type: { ...tensor("i8", [2, 3]), quantization: { scale, zeroPoint: [3], axis: 1 } } };
          const output = { id: 1, type: tensor("f32", []) };
          const nodes = [{ op: "abs", inputs: [value], outputs: [output], attributes }];
          const graph: Graph = {
            name,
            inputs: [{ name, value }],
            parameters: [],
            states: [],
            nodes,
            outputs: [{ name, value: output }],
          };
          const again = parseGraph(printGraph(graph));
          expect(again).toEqual({ ...graph, nodes: [{ ...nodes[0], attributes: { ...attributes } }] });
        },
      ),
    );
  });
});

function reversed(attributes: Graph["nodes"][number]["attributes"]) {
  return Object.fromEntries(Object.entries(attributes).toReversed());
}

describe("graph text that is wrong", () => {
  const wrong: [what: string, change: (text: string) => string, place: string, message: RegExp][] = [
    ["an unknown op", (t) => t.replace("= dense(", "= danse("), "line 6", /unknown op 'danse'/],
    ["an op named like a method", (t) => t.replace("= dense(", "= toString("), "line 6", /unknown op 'toString'/],
    ["a value that is not defined", (t) => t.replace("dense(%0, %1)", "dense(%0, %9)"), "line 6", /%9 is used before/],
    ["a value that uses itself", (t) => t.replace("dense(%0, %1)", "dense(%4, %1)"), "line 6", /%4 is used before/],
    ["a number out of turn", (t) => t.replace("%4: f32", "%5: f32"), "line 6", /must be %4/],
    ["an unknown element type", (t) => t.replace("f32[3,1,4]", "f8[3,1,4]"), "line 2", /unknown element type 'f8'/],
    ["a tensor without end", (t) => t.replace("f32[3,1,4]", "f32[99999,99999,99999]"), "line 2", /more than 2147483647 elements/],
    ["a dimension that is no count", (t) => t.replace("f32[3,1,4]", "f32[1e99]"), "line 2", /expected '\]'/],
    ["too many dimensions", (t) => t.replace("f32[3,1,4]", "f32[1,1,1,1,1,1,1,1,1]"), "line 2", /more than 8 dimensions/],
    ["an unknown initialiser", (t) => t.replace("constant(1e-7)", "random()"), "line 4", /unknown initializer 'random'/],
    ["an attribute twice", (t) => t.replace("{shape=[1,-1]}", "{shape=[1,-1], shape=[1]}"), "line 16", /shape stands twice/],
    ["an unset state", (t) => t.replace("  next carried = %5\n", ""), "line 19", /state carried has no 'next'/],
    [
      "a state set twice",
      (t) => t.replace("  next carried = %5\n", "next carried = %5\nnext carried = %5\n"),
      "line 18",
      /no state carried left/,
    ],
    ["an end that is missing", (t) => t.slice(0, -4), "line 20", /expected 'end', and the text ends/],
    ["more after the end", (t) => `${t}again`, "line 21", /nothing more was expected/],
    ["an open quote", (t) => t.replace('spaces"', "spaces"), "line 4", /is not a JSON text/],
    ["nothing", () => "", "line 1", /expected a graph, and the text ends/],
    ["a mixed list", (t) => t.replace("shape=[1,-1]", 'shape=[1,"a"]'), "line 16", /either numbers or texts/],
  ];
  for (const [what, change, place, message] of wrong)
    it(`${what}: says ${place}`, () => {
      let error: unknown;
      try {
        parseGraph(change(smallText), "model.safetensors");
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(FormatError);
      expect((error as FormatError).message).toMatch(message);
      expect((error as FormatError).message).toContain(`model.safetensors: ${place}, column`);
    });

  it("bodies nested without end are refused", () => {
    const deep = "graph g\ninput x %0: f32[1]\n%1: f32[1] = scan(%0) body\n".repeat(100);
    expect(() => parseGraph(deep)).toThrow(/nested deeper than 8/);
  });

  it("a line of a million characters is read in bounded time", () => {
    for (const part of ['"\\', '"', "[", "%0,", "9", "1e"]) {
      const line = smallText.replace("[1,-1]", part.repeat(1_000_000 / part.length));
      const start = performance.now();
      expect(() => parseGraph(line)).toThrow(FormatError);
      expect(performance.now() - start).toBeLessThan(5000);
    }
  });

  it("any damage gives a graph or a FormatError", () => {
    const damage = fc.tuple(
      fc.nat(smallText.length),
      fc.nat(6),
      fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom("%0", "[", "]", "{", "}", "(", "\n", "9", "end", "graph g", '"')),
    );
    fc.assert(
      fc.property(damage, ([at, cut, put]) => {
        try {
          parseGraph(smallText.slice(0, at) + put + smallText.slice(at + cut));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
