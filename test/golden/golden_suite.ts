import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expressions } from "./express_op.js";
import { type Difference, runCases, targets } from "./op_cases.js";
import { type GoldenCase, GoldenTable, readGolden } from "./read_golden.js";
import { runClipping, runLoss, runOptimizer, runResize } from "./training_cases.js";

/** Largest difference allowed, as a part of the largest value of the tensor. Measured: results/golden.txt. */
export const tolerance = 5e-6;

const steps: Readonly<Record<string, typeof runLoss>> = {
  softmaxCrossEntropy: runLoss,
  optimizer: runOptimizer,
  clipByGlobalNorm: runClipping,
  resizeBilinear: runResize,
};

/**
 * Every case of a golden file on every target of the machine.
 * @param left cases of losses and steps where ours differs from the source on purpose, with the reason
 */
export function goldenSuite(name: string, left: ReadonlyMap<string, string>): void {
  const { source, cases } = readGolden(name);
  const table = new GoldenTable(name, source);
  const compared = [...cases.values()].filter((c) => !left.has(c.name));
  const opOf = (c: GoldenCase): string => c.attributes["op"] as string;
  const check = (c: GoldenCase, target: string, difference: Difference): void => {
    table.add({ name: c.name, target, ...difference });
    expect(difference.outputs, "outputs").toBeLessThan(tolerance);
    if (c.gradients.size > 0) expect(difference.gradients, "gradients").toBeLessThan(tolerance);
  };
  afterAll(() => table.write(left));

  it("names only cases that there are", () => expect([...left.keys()].filter((key) => !cases.has(key))).toEqual([]));

  describe.each(targets)(`${name} (${source}) on %s`, (target) => {
    const ops = compared.filter((c) => opOf(c) in expressions);
    let differences = new Map<string, Difference>();
    beforeAll(async () => {
      differences = await runCases(ops, target);
    });
    it.each(ops.map((c) => [c.name, c] as const))("%s", (_, c) => check(c, target, differences.get(c.name) as Difference));
    const training = compared.filter((c) => opOf(c) in steps);
    it.each(training.map((c) => [c.name, c] as const))("%s", async (_, c) => {
      check(c, target, await (steps[opOf(c)] as typeof runLoss)(c, target));
    });
  });

  // A reason that no longer holds must not stand.
  it.each([...left])("differs in %s: %s", async (key) => {
    const c = cases.get(key) as GoldenCase;
    const { outputs } = await (steps[opOf(c)] as typeof runLoss)(c, "oracle");
    expect(outputs).toBeGreaterThan(100 * tolerance);
  });

  it("leaves no case out without a reason", () => {
    const known = (c: GoldenCase): boolean => opOf(c) in expressions || opOf(c) in steps;
    expect(compared.filter((c) => !known(c)).map((c) => c.name)).toEqual([]);
  });
}
