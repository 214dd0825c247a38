// Speech of espeak-ng with the times of its phones, by its library (Debian's libespeak-ng-dev) and a C compiler: accents that Flite has not.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { phoneCost } from "../../dist/corpus/near/phone_distance.js";
import { bodyPhones } from "../../dist/zoo/blocks/phrase_paths.js";

/** Of Britain and the Caribbean: American English is what the other voices speak. */
const accents = ["en", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029"];
const variants = ["", "+m3", "+f2", "+m7", "+f4"];
/** Every accent in every variant, accents in turn. */
export const espeakVoices = variants.flatMap((variant) => accents.map((accent) => accent + variant));

/** espeak-ng's names of English phones, where they are not those of the CMU set. */
const cmuNames = {
  ...named("ch tS|jh dZ|th T|dh D|sh S|zh Z|ng N|hh h|y j|r r- R|l l/ l- L|n n-|m m-|t t# t2 t[|d d# d[|k x|w W"),
  ...named("ay aI aI@ aI3|aw aU aU@|ey eI e:|oy OI|ow oU @U o o:|ao o@ O@ O: O O2 O@r|aa 0 0# A: A@ A A2|ae a aa"),
  ...named("ax a# @ @2 @5 @L @-|er 3 3: VR IR 3`|eh E E2 e@ e|ih I I2 I# i@ i@3 I@|iy i i: i;|uh U U@ U:|uw u u:|ah V"),
};

function named(text) {
  return Object.fromEntries(
    text.split("|").flatMap((entry) => {
      const [phone, ...names] = entry.split(" ");
      return names.map((name) => [name, phone]);
    }),
  );
}

export class Espeak {
  #folder;
  #process;
  #heard = Buffer.alloc(0);
  #waiting = () => {};
  #ended = false;

  /** @throws Error without a C compiler or the library */
  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "earshot-espeak-"));
    const program = join(this.#folder, "espeak");
    const source = fileURLToPath(new URL("espeak.c", import.meta.url));
    try {
      execFileSync("cc", ["-O2", "-o", program, source, "-lespeak-ng"]);
    } catch (error) {
      throw new Error("accents need a C compiler and espeak-ng's library: install gcc and libespeak-ng-dev", { cause: error });
    }
    this.#process = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
    this.#process.stdout.on("data", (bytes) => {
      this.#heard = Buffer.concat([this.#heard, bytes]);
      this.#waiting();
    });
    this.#process.on("exit", () => {
      this.#ended = true;
      this.#waiting();
    });
  }

  /**
   * @param words of the vocabulary: { text, phones }
   * @param options voice of espeakVoices, pitch in Hz, stretch relative to the usual pace
   * @returns samples, sampleRate, phones as a dictionary has them, whatever the accent makes of them, and their times in seconds
   */
  async speak(words, { voice, pitch, stretch }) {
    const height = Math.min(99, Math.max(0, Math.round(50 + 50 * Math.log2(pitch / 120))));
    const pace = Math.min(450, Math.max(80, Math.round(175 / stretch)));
    this.#process.stdin.write(`${voice} ${pace} ${height} ${words.map(({ text }) => text).join(" ")}\n`);
    const header = await this.#until(() => this.#heard.indexOf("\n\n") + 1);
    const [first, ...lines] = header.toString("latin1").trimEnd().split("\n");
    const [count, sampleRate] = first.split(" ").map(Number);
    await this.#until(() => (this.#heard.length > 0 ? 1 : 0));
    const bytes = await this.#until(() => (this.#heard.length >= 2 * count ? 2 * count : 0));
    const samples = Float32Array.from({ length: count }, (_, i) => bytes.readInt16LE(2 * i) / 32_768);
    const own = words.flatMap(({ phones }) => phones);
    return { samples, sampleRate, ...inDictionary(segmentsOf(lines, count / sampleRate), own) };
  }

  /** Takes as many bytes as `length` says, as soon as it is more than zero. */
  async #until(length) {
    while (length() === 0) {
      if (this.#ended) throw new Error("espeak-ng ended before it had spoken");
      await new Promise((resolve) => {
        this.#waiting = resolve;
      });
    }
    const end = length();
    const taken = this.#heard.subarray(0, end);
    this.#heard = this.#heard.subarray(end);
    return taken;
  }

  close() {
    this.#process.stdin.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Phones of the CMU set with begin and end; pauses and marks are left out. */
function segmentsOf(lines, seconds) {
  const events = lines.map((line) => {
    const [name, milliseconds] = line.split(" ");
    return { name: name.replace(/[';,%]/g, ""), begin: Number(milliseconds) / 1000 };
  });
  return events.flatMap(({ name, begin }, i) => {
    const phone = cmuNames[name] ?? name;
    const end = events[i + 1]?.begin ?? seconds;
    return bodyPhones.includes(phone) && end > begin ? [{ phone, begin, end }] : [];
  });
}

/** What was said by the names that a dictionary has for it: the cheapest way to make one row of phones the other (Wagner and Fischer 1974). */
function inDictionary(said, own) {
  const gap = 0.8;
  const costs = [Array.from({ length: own.length + 1 }, (_, j) => gap * j)];
  for (const { phone } of said) {
    const above = costs.at(-1);
    const row = [above[0] + gap];
    for (const [j, wanted] of own.entries())
      row.push(Math.min(above[j] + phoneCost(phone, wanted), above[j + 1] + gap, row[j] + gap));
    costs.push(row);
  }
  const phones = said.map(({ phone }) => phone);
  for (let i = said.length, j = own.length; i > 0 && j > 0; ) {
    if (costs[i][j] === costs[i - 1][j - 1] + phoneCost(said[i - 1].phone, own[j - 1])) phones[--i] = own[--j];
    else if (costs[i][j] === costs[i - 1][j] + gap) i--;
    else j--;
  }
  return { phones, times: said.map(({ begin, end }) => [begin, end]) };
}
