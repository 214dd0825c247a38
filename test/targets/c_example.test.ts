import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModel } from "../../src/formats/model_file.js";
import { resolveModel } from "../../src/formats/shipped.js";
import { encodeWav } from "../../src/signal/wav.js";
import { exampleFiles } from "../../src/targets/c/example/files.js";
import { exportC } from "../../src/targets/c/export.js";
import { arduinoStub } from "./arduino_stub.js";
import { answers, hasCrossTools } from "./cross_tools.js";

const options = { prefix: "spotter", cpu: "cortex-m4", floatAbi: "hard", features: "device", rate: 16000 } as const;
const cross = hasCrossTools && answers("make");

/** Two exports with names of their own in one program. */
const twoMain = `#include "first.h"
#include "second.h"
int main(void) {
  first_reset();
  second_reset();
  return first_run() == second_run();
}
`;

describe("an export's surroundings", () => {
  let folder = "";
  const write = (files: readonly { name: string; text: string }[]): void => {
    for (const { name, text } of files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "earshot-example-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.skipIf(!answers("cc"))("two models link into one program", async () => {
    const model = await loadModel(resolveModel("ds_cnn_s"));
    for (const prefix of ["first", "second"]) write(exportC(model, { ...options, prefix }).files);
    write([{ name: "two.c", text: twoMain }]);
    execFileSync("cc", ["-std=c99", "first.c", "second.c", "two.c", "-o", "two"], { cwd: folder });
    execFileSync(join(folder, "two"));
  });

  test.skipIf(!cross)(
    "the example hears silence under QEMU, and the sketch compiles (skipped without a cross compiler)",
    async () => {
      const model = await loadModel(resolveModel("ds_cnn_s"));
      const made = exportC(model, options);
      write([...made.files, ...exampleFiles(made, "cortex-m4", "hard"), { name: "Arduino.h", text: arduinoStub }]);
      writeFileSync(join(folder, "silence.wav"), encodeWav({ samples: new Float32Array(16000), sampleRate: 16000 }));
      const printed = execFileSync("make", ["-s", "run", "WAV=silence.wav"], { cwd: folder }).toString();
      expect(printed).toMatch(/^1\d\d% _silence_\n$|^ \d\d% _silence_\n$/);
      const sketch = "arduino/spotter/spotter.ino";
      const core = ["-mcpu=cortex-m4", "-mthumb", "-Wall", "-Werror"];
      execFileSync("arm-none-eabi-g++", [...core, "-I.", "-include", "Arduino.h", "-x", "c++", "-c", sketch, "-o", "sketch.o"], {
        cwd: folder,
      });
    },
  );
});
