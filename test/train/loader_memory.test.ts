import { describe, expect, it } from "vitest";
import { assemble } from "../../src/train/assemble.js";
import { BatchMaker } from "../../src/train/batch_maker.js";
import { openLoader } from "../../src/train/loader.js";
import { planLoaderMemory } from "../../src/train/loader_memory.js";
import { allocateBatch, type LoaderPlan } from "../../src/train/loader_plan.js";
import { parseRecipe } from "../../src/train/recipe.js";
import { planThreads } from "../../src/train/threads.js";
import { toneDataset, toneRecipe } from "./tones.js";

const data = toneDataset();
const MB = 2 ** 20;

async function planOf(extra: object = {}): Promise<LoaderPlan> {
  return (await assemble(parseRecipe({ ...toneRecipe(data), ...extra }, "the test"), "wasm")).plan;
}

describe("the memory of the loader", () => {
  it("is divided within its limit, with fewer workers where it is small", async () => {
    const plan = await planOf();
    const wide = planLoaderMemory(plan, 3);
    expect([wide.workers, wide.ringPerWorker]).toEqual([3, 2]);
    expect(wide.bytes + wide.decodingBytes).toBeLessThanOrEqual(1024 * MB);
    for (let limit = 20; limit < 400; limit += 10) {
      const memory = planLoaderMemory(plan, 3, limit * MB);
      expect(memory.bytes + memory.decodingBytes).toBeLessThanOrEqual(limit * MB);
      expect(memory.workers).toBeLessThanOrEqual(wide.workers);
      expect(12 * memory.maxSamples + memory.maxFileBytes + memory.cacheBytes).toBeLessThanOrEqual(
        memory.decodingBytes / Math.max(1, memory.workers) + 12,
      );
    }
    expect(planLoaderMemory(plan, 3, 20 * MB).workers).toBe(0);
  });

  it("counts noise and batches, and says what it needs where they do not fit", async () => {
    const plan = await planOf();
    const noise = [new Float32Array(20 * MB)];
    expect(planLoaderMemory({ ...plan, noise }, 0).bytes - planLoaderMemory(plan, 0).bytes).toBeGreaterThanOrEqual(
      80 * MB - 8 * 160_000,
    );
    expect(() => planLoaderMemory({ ...plan, noise }, 2, 60 * MB)).toThrow(
      /needs \d+ MB, 80 MB of them for background noise, and may take 60 MB; raise --loader-memory to \d+/,
    );
    const needed = Number(/needs (\d+)/.exec(messageOf(() => planLoaderMemory({ ...plan, noise }, 2, 60 * MB)))?.[1]);
    expect(planLoaderMemory({ ...plan, noise }, 2, needed * MB).workers).toBe(0);
  });

  it("refuses a recording that would take more while it is decoded", async () => {
    const plan = await planOf();
    const memory = { ...planLoaderMemory(plan, 0), maxSamples: 4000, maxFileBytes: 100_000 };
    const clips = plan.sources.flatMap((set) => (set.kind === "sounds" ? set.clips : []));
    const pieces = {
      kind: "sounds" as const,
      clips: clips.map((clip) => ({ ...clip, start: 0.9, end: 2 })),
      labels: plan.sources[0].labels,
    };
    // What lies behind the end of a file is left to the general reader.
    const late = { ...pieces, clips: pieces.clips.map((clip) => ({ ...clip, start: 1.5 })) };
    const maker = await BatchMaker.open({ ...plan, sources: [late] }, { memory });
    await expect(maker.make(1, allocateBatch(plan, false))).rejects.toThrow(
      /lasts 1\.0 s and at most 0\.3 s are read.*--loader-memory/,
    );
    maker.close();
  });

  it("is reported by the loader, which tells its time by stage", async () => {
    const loader = await openLoader(await planOf(), 1, { workers: 0 });
    await loader.next();
    expect(loader.memory.workers).toBe(0);
    const { stages, waited } = loader.times();
    expect(stages.map(({ stage }) => stage)).toEqual(expect.arrayContaining(["choose", "read", "kernels"]));
    const sum = stages.reduce((total, { milliseconds }) => total + milliseconds, 0);
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThanOrEqual(waited);
    await loader.close();
  });
});

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("threads", () => {
  it("are shared out where there are enough cores, and take turns where there are few", () => {
    expect(planThreads(undefined, undefined, 1)).toEqual({ workers: 0, threads: 1, takeTurns: false });
    expect(planThreads(undefined, undefined, 2)).toEqual({ workers: 2, threads: 2, takeTurns: true });
    expect(planThreads(undefined, undefined, 8)).toEqual({ workers: 2, threads: 6, takeTurns: false });
    expect(planThreads(1, 1, 2)).toEqual({ workers: 1, threads: 1, takeTurns: false });
    expect(planThreads(0, undefined, 2)).toEqual({ workers: 0, threads: 2, takeTurns: false });
    expect(planThreads(undefined, 4, 2)).toEqual({ workers: 2, threads: 4, takeTurns: true });
  });
});
