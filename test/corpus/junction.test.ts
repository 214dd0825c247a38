import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { drawJunction, join } from "../../src/corpus/augment/junction.js";

const own = (frames: number) => Float32Array.from({ length: 2 * frames }, (_, i) => i);
const partner = (frames: number) => Float32Array.from({ length: 2 * frames }, (_, i) => 1000 + i);

describe("junctions", () => {
  it("the end of the one, then the beginning of the other", () => {
    const second = own(5);
    join(second, partner(5), 2, { partnerFirst: false, cut: 0.4 });
    expect([...second]).toEqual([4, 5, 6, 7, 8, 9, 1000, 1001, 1002, 1003]);
    const first = own(5);
    join(first, partner(5), 2, { partnerFirst: true, cut: 0.4 });
    expect([...first]).toEqual([1004, 1005, 1006, 1007, 1008, 1009, 0, 1, 2, 3]);
  });

  it("hold all frames in their order, and no more than half of a keyword", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 120 }), (seed, frames) => {
        const labels = [0, 1, 2, 3];
        const junction = drawJunction(labels, (label) => label >= 2, new RandomStream(seed));
        const joined = own(frames);
        join(joined, partner(frames), 2, junction);
        const ofPartner = joined.filter((x) => x >= 1000).length / 2;
        if (labels[junction.partner]! >= 2) expect(ofPartner).toBeLessThanOrEqual(Math.ceil(frames / 2));
        const place = (x: number) => (x >= 1000 ? x - 1000 : x);
        const turns = joined.slice(1).filter((x, i) => place(x) !== place(joined[i]!) + 1).length;
        expect(turns).toBeLessThanOrEqual(1);
        expect(joined.length).toBe(2 * frames);
      }),
    );
  });
});
