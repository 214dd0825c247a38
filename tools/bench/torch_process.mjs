import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A running bench_torch.py, or another script of its kind (protocol there). */
export class TorchProcess {
  #child;
  #lines;
  #waiting = [];
  #ended = "";
  #errors = "";

  /**
   * @param preload library for LD_PRELOAD, or undefined
   * @param script Python file beside this one
   */
  constructor(python, preload, script = "bench_torch.py") {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const env = preload ? { ...process.env, LD_PRELOAD: preload } : process.env;
    this.#child = spawn(python, [path], { env, stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr.on("data", (data) => {
      this.#errors = (this.#errors + data).slice(-2000);
    });
    this.#child.stdin.on("error", () => {});
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#lines.on("line", (line) => this.#waiting.shift()?.resolve(JSON.parse(line)));
    const end = (why) => {
      this.#ended = `${python} ended: ${why} ${this.#errors}`;
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(this.#ended));
    };
    this.#child.on("error", (error) => end(error.message));
    this.#child.on("exit", (code) => end(`exit code ${code}`));
  }

  /** The next line it prints, as an object. */
  #next() {
    if (this.#ended) return Promise.reject(new Error(this.#ended));
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** {torch: version, parameters: {network: count}} once it is up. */
  ready() {
    return this.#next();
  }

  /** Sends a task and gives its answer. */
  async ask(task) {
    const answer = this.#next();
    this.#child.stdin.write(`${JSON.stringify(task)}\n`);
    const found = await answer;
    if (found.error) throw new Error(`Python, ${JSON.stringify(task)}: ${found.error}`);
    return found;
  }

  /** Milliseconds of each of `steps` steps. */
  async time(network, batch, threads, channelsLast, steps) {
    return (await this.ask({ network, batch, threads, channelsLast, steps })).ms;
  }

  close() {
    this.#child.stdin.end();
  }
}
