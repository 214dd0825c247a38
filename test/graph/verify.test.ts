import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { buildFrontend, oneSecond } from "../../src/frontend/frontend.js";
import { frontendPresets } from "../../src/frontend/presets.js";
import { parseGraph } from "../../src/graph/text_parse.js";
import { printGraph } from "../../src/graph/text_print.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { buildModel, zooModels } from "../../src/zoo/index.js";

const right = `graph g
  input x %0: f32[2,3]
  parameter w %1: f32[3,4] = zeros
  state s %2: f32[2,4]
  %3: f32[2,4] = dense(%0, %1)
  %4: f32[2,4] = add(%3, %2)
  next s = %4
  output y = %4
end
`;

describe("verifier", () => {
  it("accepts a graph", () => verifyGraph(parseGraph(right)));

  const wrong: [what: string, text: string, message: RegExp][] = [
    [
      "a result of the wrong shape",
      right.replace("%3: f32[2,4]", "%3: f32[4,2]"),
      /node 0 \(dense\): result 0 is f32\[4,2\] and should be f32\[2,4\]/,
    ],
    ["inputs that do not fit", right.replace("w %1: f32[3,4]", "w %1: f32[2,4]"), /node 0 \(dense\)/],
    [
      "too many results",
      right.replace("%4: f32[2,4] = add(%3, %2)", "%4: f32[2,4], %5: f32[2,4] = add(%3, %2)"),
      /has 2 results and should have 1/,
    ],
    [
      "a state that changes its shape",
      right.replace("next s = %4", "next s = %0"),
      /state s: is f32\[2,4\] and becomes f32\[2,3\]/,
    ],
    [
      "one name for two outputs",
      right.replace("  output y = %4\n", "  output y = %4\n  output y = %3\n"),
      /two of its outputs are named y/,
    ],
  ];
  for (const [what, text, message] of wrong)
    it(`refuses ${what}`, () => {
      expect(() => verifyGraph(parseGraph(text))).toThrow(UserError);
      expect(() => verifyGraph(parseGraph(text))).toThrow(message);
    });

  it("refuses values out of order, defined twice or from elsewhere", () => {
    const graph = parseGraph(right);
    const [first, second] = graph.nodes;
    expect(() => verifyGraph({ ...graph, nodes: [second, first] })).toThrow(
      /node 0 \(add\): uses value %3, which is not defined before/,
    );
    expect(() => verifyGraph({ ...graph, nodes: [first, first, second] })).toThrow(/value %3 is defined twice/);
    const stranger = { ...graph.inputs[0].value };
    const nodes = [{ ...first, inputs: [stranger, first.inputs[1]] }, second];
    expect(() => verifyGraph({ ...graph, nodes })).toThrow(/node 0 \(dense\): uses value/);
    expect(() => verifyGraph({ ...graph, outputs: [{ name: "y", value: stranger }] })).toThrow(/output y/);
  });

  const models = ["ds_cnn_s", "crnn", "svdf"].map((name) => {
    const { shape } = zooModels.find((m) => m.name === name) as (typeof zooModels)[number];
    return printGraph(buildModel(name, {}, shape));
  });
  const texts = [...models, ...Object.values(frontendPresets).map((d) => printGraph(buildFrontend(d, oneSecond)))];
  const placesOf = (text: string, inNode: boolean) => [
    ...text.matchAll(inNode ? /(?<==|\(|,)(%\d+|[\d.]+|"\w+"|\[[^\]]*\]|\w+)/g : /\d+|%\d+, |\w+/g),
  ];

  /** Reads a text in which something else stands; gives the graph up with a UserError, or takes it. */
  function readChanged(text: string, { index, 0: found }: RegExpExecArray, value: string): void {
    const start = performance.now();
    try {
      verifyGraph(parseGraph(text.slice(0, index) + value + text.slice(index + found.length)));
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
    }
    expect(performance.now() - start).toBeLessThan(2000);
  }

  it("an enormous number in any place of a node takes neither time nor memory", () => {
    const before = process.memoryUsage().rss;
    for (const text of texts) for (const place of placesOf(text, true)) readChanged(text, place, "1000000000");
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 2 ** 20);
  });

  it("any change of a number, name or argument gives a graph or a UserError, soon", () => {
    const put = fc.constantFrom(
      "0",
      "-1",
      "1",
      "2",
      "7",
      "1000000000",
      "0.5",
      "NaN",
      "-Infinity",
      "true",
      '"same"',
      "[]",
      "%0",
      "[1,1]",
      "",
    );
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.nat(), put, fc.boolean(), (text, at, value, inNode) => {
        const places = placesOf(text, inNode);
        readChanged(text, places[at % places.length] as RegExpExecArray, value);
      }),
      { numRuns: 3000 },
    );
  });

  it("refuses a cell that does not fit its scan", () => {
    const text = `graph g
  input x %0: f32[5,1,2]
  input s %1: f32[1,2]
  %2: f32[1,2] = scan(%1, %0) {reverse=false, sequences=1, states=1} body
    graph cell
      input s %0: f32[1,2]
      input x %1: f32[1,3]
      output s = %0
    end
  output y = %2
end`;
    expect(() => verifyGraph(parseGraph(text))).toThrow(/node 0 \(scan\)/);
    verifyGraph(parseGraph(text.replace("f32[1,3]", "f32[1,2]")));
  });
});
