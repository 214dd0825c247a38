import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, tensor, type Value } from "../../src/graph/types.js";
import { residentRings, shifts } from "../../src/targets/c/resident_rings.js";

/** A ring of three rows that takes one or more new ones a step; `read` says what is made of the window and the ring. */
function ring(rows: number, begin: number, read: (b: GraphBuilder, window: Value, state: Value) => Value): Graph {
  const b = new GraphBuilder("ring");
  const added = b.input("added", tensor("f32", [1, rows, 4]));
  const state = b.input("ring", tensor("f32", [1, 3, 4]));
  const window = b.op("concat", [state, added], { axis: 1 });
  const rest = b.op("slice", [window], { begin: [0, begin, 0], end: [1, begin + 3, 4], strides: [1, 1, 1] });
  b.output("y", read(b, window, state));
  const graph = b.finish();
  const input = graph.inputs.find((i) => i.name === "ring")!.value;
  return {
    ...graph,
    inputs: graph.inputs.filter((i) => i.name !== "ring"),
    states: [{ name: "ring", input, output: rest }],
  };
}

describe("residentRings", () => {
  test("a ring that is read with its newest rows becomes the window itself", () => {
    const graph = residentRings(ring(2, 2, (b, window) => b.op("sum", [window], { axes: [1], keep: false })));
    expect(graph.nodes.map((n) => n.op)).toEqual(["concat", "sum"]);
    expect(graph.nodes[0]!.attributes[shifts]).toBe(true);
    const [state] = graph.states;
    expect(state!.input.type.shape).toEqual([1, 5, 4]);
    expect(state!.output).toBe(graph.nodes[0]!.outputs[0]);
    expect(graph.nodes[0]!.inputs[0]).toBe(state!.input);
  });

  test("rings that are also read alone, or drop others than the oldest rows, stay", () => {
    const alone = ring(2, 2, (b, _, state) => b.op("neg", [state]));
    const newest = ring(2, 0, (b, window) => b.op("neg", [window]));
    for (const graph of [alone, newest]) expect(residentRings(graph)).toEqual(graph);
  });
});
