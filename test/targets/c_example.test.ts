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
  /** Sketch and model as Arduino compiles them: one as C++, the other as C; they link with what the stub declares. */
  const compileSketch = (): void => {
    const run = (compiler: string, ...args: string[]): void =>
      void execFileSync(`arm-none-eabi-${compiler}`, ["-mcpu=cortex-m4", "-mthumb", "-Wall", "-Werror", ...args], {
        cwd: folder,
      });
    const core = '#include "Arduino.h"\nSerialPort Serial;\nvoid SerialPort::begin(unsigned long) {}\n';
    const rest = "void SerialPort::println(const char *) {}\nint analogRead(uint8_t) { return 512; }\n";
    write([{ name: "core.cpp", text: `${core}${rest}void setup();\nvoid loop();\nint main() { setup(); for (;;) loop(); }\n` }]);
    run("g++", "-I.", "-include", "Arduino.h", "-x", "c++", "-c", "arduino/spotter/spotter.ino", "-o", "sketch.o");
    run("g++", "-I.", "-c", "core.cpp", "-o", "core.o");
    run("gcc", "-O1", "-c", "arduino/spotter/spotter.c", "-o", "spotter.o");
    run("gcc", "--specs=nosys.specs", "sketch.o", "core.o", "spotter.o", "-o", "sketch.elf");
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
      compileSketch();
    },
  );

  test.skipIf(!cross)("so does the sketch of a streaming export (skipped without a cross compiler)", async () => {
    const made = exportC(await loadModel(resolveModel("ds_cnn_s")), { ...options, stream: { form: "context" } });
    write([...exampleFiles(made, "cortex-m4", "hard"), { name: "Arduino.h", text: arduinoStub }]);
    compileSketch();
  });
});
