import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { earshot } from "./command_line.js";

const base = mkdtempSync(join(tmpdir(), "earshot-get-"));
afterAll(() => rmSync(base, { recursive: true }));
let archive: Buffer;
let server: Server;
let address: string;
/** The address that keeps the connection open after the first half, until it was asked again. */
let stalled = 0;

beforeAll(async () => {
  const noise = Buffer.from(Array.from({ length: 400_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 255));
  archive = gzipSync(
    await packTar([
      { header: { name: "./yes/", size: 0, type: "directory" } },
      { header: { name: "./yes/0_nohash_0.wav", size: noise.length }, body: noise },
      { header: { name: "./testing_list.txt", size: 20 }, body: "yes/0_nohash_0.wav\n\n" },
    ]),
    { level: 0 },
  );
  server = createServer((request, response) => {
    if (!request.url?.endsWith(".tar.gz")) {
      response.writeHead(404).end();
      return;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const body = archive.subarray(from);
    const headers = {
      "content-length": body.length,
      etag: '"one"',
      ...(from > 0 ? { "content-range": `bytes ${from}-${archive.length - 1}/${archive.length}` } : {}),
    };
    response.writeHead(from > 0 ? 206 : 200, headers);
    if (request.url.startsWith("/stall") && from === 0) {
      stalled++;
      response.write(body.subarray(0, 200_000));
    } else response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe("earshot data get", () => {
  it("downloads, checks and unpacks", async () => {
    const out = join(base, "whole");
    const sha256 = createHash("sha256").update(archive).digest("hex");
    const { code, stdout, stderr } = await earshot([
      "data",
      "get",
      "--url",
      `${address}/a.tar.gz`,
      "--sha256",
      sha256,
      "--out",
      out,
      "--json",
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ folder: out, files: 2 });
    expect(readdirSync(join(out, "yes"))).toEqual(["0_nohash_0.wav"]);
    expect(readFileSync(join(out, "testing_list.txt"), "utf8")).toBe("yes/0_nohash_0.wav\n\n");
  });

  it("stops at Ctrl-C, says what to do, and the next call goes on", async () => {
    const out = join(base, "stopped");
    const args = ["data", "get", "--url", `${address}/stall.tar.gz`, "--out", out];
    let part = 0;
    const watch = (kill: (signal: NodeJS.Signals) => void): NodeJS.Timeout =>
      setInterval(() => {
        if (part > 0) return;
        part = existsSync(join(base, "stall.tar.gz.part")) ? readFileSync(join(base, "stall.tar.gz.part")).length : 0;
        if (part > 0) kill("SIGINT");
      }, 50);
    const first = await earshot(args, { whileRunning: watch });
    expect(first.code).toBe(1);
    expect(first.stderr).toMatch(/interrupted; the same command goes on where it stopped/);
    expect(part).toBeGreaterThan(0);
    const second = await earshot(args);
    expect([second.code, second.stderr]).toEqual([0, ""]);
    expect(second.stdout).toMatch(/stopped: 2 files, 0\.4 MB/);
    expect(stalled).toBe(1);
  });

  it("refuses a folder with contents before it downloads", async () => {
    const { code, stderr } = await earshot(["data", "get", "--url", `${address}/none`, "--out", base]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/the folder is not empty; choose another one with --out/);
  });

  it("fails on a missing file and on a wrong checksum, and leaves no folder", async () => {
    const out = join(base, "never");
    const missing = await earshot(["data", "get", "--url", `${address}/none`, "--out", out]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/answered 404/);
    const wrong = await earshot(["data", "get", "--url", `${address}/b.tar.gz`, "--sha256", "0".repeat(64), "--out", out]);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/checksum is wrong/);
    expect(existsSync(out)).toBe(false);
  });

  it("names the versions there are, and what a checksum looks like", async () => {
    const [version, sum] = await Promise.all([earshot(["data", "get", "v3"]), earshot(["data", "get", "--sha256", "abc"])]);
    expect([version.code, sum.code]).toEqual([2, 2]);
    expect(version.stderr).toMatch(/'v3' is invalid.* Allowed choices are v1, v2\./);
    expect(sum.stderr).toMatch(/64 hexadecimal digits/);
  });
});
