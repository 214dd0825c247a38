import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(root, "dist/cli/main.js");
const LOCK_SECONDS = 180;

/** What a run of the program left. */
export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** How the program is run. */
export interface RunOptions {
  /** Added to a clean environment. */
  environment?: Record<string, string>;
  cwd?: string;
  /** User id under which the program runs; only root may choose. */
  user?: number;
  /** What the program reads on standard input; default nothing. */
  input?: Uint8Array;
  /** Starts a timer that may interrupt the program; it is cleared when the program ends. */
  whileRunning?: (kill: (signal: NodeJS.Signals) => void) => NodeJS.Timeout;
}

/** Runs the built `earshot` as a user would, after building it where dist/ is older than src/. */
export function earshot(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  buildOnce();
  const { NO_COLOR: _a, FORCE_COLOR: _b, EARSHOT_DEBUG: _c, ...clean } = process.env;
  const child = spawn(process.execPath, [program, ...args], {
    cwd: options.cwd,
    env: { ...clean, ...options.environment },
    uid: options.user,
  });
  // A program that refuses its input leaves it unread.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input);
  let stdout = "";
  let stderr = "";
  const timer = options.whileRunning?.((signal) => child.kill(signal));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

let built = false;

/** Builds dist/ where a file of src/ is newer; test files run at the same time, so one builds and the others wait. */
function buildOnce(): void {
  if (built) return;
  // Beside the run's own temporary folder, which another run does not see.
  const lock = join(dirname(tmpdir()), `earshot-build-${createHash("sha256").update(root).digest("hex").slice(0, 12)}.lock`);
  takeLock(lock);
  try {
    if (isStale()) build();
  } finally {
    rmdirSync(lock);
  }
  built = true;
}

function build(): void {
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", "build"], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`npm run build failed:\n${stdout}${stderr}`);
}

function isStale(): boolean {
  if (!existsSync(program)) return true;
  const made = statSync(program).mtimeMs;
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.(ts|json)$/.test(name),
  );
  return sources.some((name) => statSync(join(root, "src", name)).mtimeMs > made);
}

function takeLock(lock: string): void {
  for (;;) {
    try {
      mkdirSync(lock);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > LOCK_SECONDS * 1000) rmdirSync(lock);
    // A synchronous pause: a test worker has nothing else to do before the build is there.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}
