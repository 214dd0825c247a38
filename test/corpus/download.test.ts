import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { mix32 } from "../../src/base/random.js";
import { downloadFile } from "../../src/corpus/download.js";
import { getSpeechCommands } from "../../src/corpus/speech_commands.js";
import { temporaryFolder } from "./folders.js";

const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 3));
const sha256 = createHash("sha256").update(body).digest("hex");
const fast = { pauseMilliseconds: 1, idleMilliseconds: 400 };
const requests: { path: string; range: string | undefined }[] = [];
let server: Server;
let base: string;
let archive: Buffer;

/** Sends `content` from the range asked for, but breaks the connection off after `most` bytes. */
function serve(
  request: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
  options: { most?: number; ranges?: boolean; tag?: string },
): void {
  const from = options.ranges === false ? 0 : Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const tag = options.tag ?? '"v1"';
  const resumed = from > 0 && request.headers["if-range"] === tag;
  const part = content.subarray(resumed ? from : 0);
  response.writeHead(resumed ? 206 : 200, {
    "content-length": part.length,
    etag: tag,
    ...(resumed ? { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` } : {}),
  });
  const most = options.most ?? Infinity;
  if (part.length <= most) response.end(part);
  else response.write(part.subarray(0, most), () => setTimeout(() => response.destroy(), 20));
}

/** Bytes that do not compress. */
const noise = (seed: number) => Uint8Array.from({ length: 40_000 }, (_, i) => mix32(i + 1e6 * seed) & 255);

let calls = 0;
const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  "/whole": (request, response) => serve(request, response, body, {}),
  "/breaks": (request, response) => serve(request, response, body, { most: 90_000 }),
  "/once": (request, response) =>
    serve(request, response, body, { most: requests.filter((each) => each.path === "/once").length === 1 ? 120_000 : Infinity }),
  "/ignores-range": (request, response) =>
    serve(request, response, body, { ranges: false, most: ++calls === 1 ? 90_000 : Infinity }),
  "/changes": (request, response) =>
    serve(request, response, body, {
      tag: `"v${requests.length}"`,
      most: requests.filter((each) => each.path === "/changes").length === 1 ? 90_000 : Infinity,
    }),
  "/redirect": (_request, response) => response.writeHead(302, { location: "/whole" }).end(),
  "/stalls": (_request, response) => void response.writeHead(200, { "content-length": 100 }).write("abc"),
  "/busy": (_request, response) => response.writeHead(503).end(),
  "/data.tar.gz": (request, response) => serve(request, response, archive, { most: 60_000 }),
};

beforeAll(async () => {
  archive = Buffer.from(
    gzipSync(
      await packTar([
        { header: { name: "./", size: 0, type: "directory" } },
        { header: { name: "./yes/a_nohash_0.wav", size: 40_000 }, body: noise(1) },
        { header: { name: "./no/b_nohash_0.wav", size: 40_000 }, body: noise(2) },
        { header: { name: "./no/c_nohash_0.wav", size: 40_000 }, body: noise(3) },
      ]),
    ),
  );
  server = createServer((request, response) => {
    const path = request.url ?? "";
    requests.push({ path, range: request.headers.range });
    const route = routes[path];
    if (route === undefined) response.writeHead(404).end("nothing here");
    else route(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const rangesOf = (path: string) => requests.filter((each) => each.path === path).map((each) => each.range);
const target = () => join(temporaryFolder(), "file.bin");

describe("download", () => {
  it("fetches a file, with progress and checksum", async () => {
    const path = target();
    const progress: [number, number | undefined][] = [];
    await downloadFile(`${base}/whole`, path, { ...fast, sha256, onProgress: (done, total) => progress.push([done, total]) });
    expect(readFileSync(path).equals(body)).toBe(true);
    expect(progress.at(-1)).toEqual([300_000, 300_000]);
    expect(readdirSync(join(path, ".."))).toEqual(["file.bin"]);
  });

  it("continues where a connection broke off, again and again", async () => {
    const path = target();
    await downloadFile(`${base}/breaks`, path, { ...fast, sha256 });
    expect(readFileSync(path).equals(body)).toBe(true);
    expect(rangesOf("/breaks")).toEqual([undefined, "bytes=90000-", "bytes=180000-", "bytes=270000-"]);
  });

  it("continues in a later call", async () => {
    const path = target();
    await expect(downloadFile(`${base}/once`, path, { ...fast, attempts: 1 })).rejects.toThrow(
      /broke off|failed .*120000 bytes are kept/,
    );
    expect(existsSync(path)).toBe(false);
    await downloadFile(`${base}/once`, path, { ...fast, sha256 });
    expect(rangesOf("/once")).toEqual([undefined, "bytes=120000-"]);
    expect(readFileSync(path).equals(body)).toBe(true);
  });

  it("starts again where the server ignores ranges or the file has changed", async () => {
    for (const route of ["/ignores-range", "/changes"]) {
      const path = target();
      await downloadFile(`${base}${route}`, path, { ...fast, sha256 });
      expect(readFileSync(path).equals(body)).toBe(true);
      expect(rangesOf(route)).toEqual([undefined, "bytes=90000-"]);
    }
  });

  it("does not resume a part of another address", async () => {
    const path = target();
    await expect(downloadFile(`${base}/breaks`, path, { ...fast, attempts: 1 })).rejects.toThrow(UserError);
    await downloadFile(`${base}/whole`, path, { ...fast, sha256 });
    expect(readFileSync(path).equals(body)).toBe(true);
  });

  it("follows redirects", async () => {
    const path = target();
    await downloadFile(`${base}/redirect`, path, { ...fast, sha256 });
    expect(readFileSync(path).equals(body)).toBe(true);
  });

  it("removes a file with a wrong checksum", async () => {
    const path = target();
    await expect(downloadFile(`${base}/whole`, path, { ...fast, sha256: "00" })).rejects.toThrow(
      /checksum is wrong \(SHA-256 [0-9a-f]{64}, expected 00\)/,
    );
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });

  it("says what is wrong with the answer, the server or the address", async () => {
    const path = target();
    await expect(downloadFile(`${base}/nothing`, path, fast)).rejects.toThrow(
      /answered 404 \(not found\); check the address, or give another with --url/,
    );
    await expect(downloadFile(`${base}/busy`, path, { ...fast, attempts: 2 })).rejects.toThrow(/answered 503 \(2 attempts\)/);
    await expect(downloadFile(`${base}/stalls`, path, { ...fast, attempts: 1 })).rejects.toThrow(/nothing for too long/);
    await expect(downloadFile("file:///etc/passwd", path, fast)).rejects.toThrow(/no http or https address/);
    await expect(downloadFile("http://127.0.0.1:1/x", path, { ...fast, attempts: 2 })).rejects.toThrow(/connection failed/);
    await expect(downloadFile(`${base}/whole`, path, { ...fast, maxBytes: 1000 })).rejects.toThrow(
      /has 300000 bytes and at most 1000/,
    );
  });

  it("stops when told to, and keeps the part", async () => {
    const path = target();
    const stop = new AbortController();
    const running = downloadFile(`${base}/stalls`, path, {
      idleMilliseconds: 10_000,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(running).rejects.toThrow(/stopped after 3 bytes/);
    expect(existsSync(`${path}.part`)).toBe(true);
  });
});

describe("data get", () => {
  it("downloads through breaks, unpacks, and removes the archive", async () => {
    const root = temporaryFolder();
    const checksum = createHash("sha256").update(archive).digest("hex");
    const result = await getSpeechCommands(join(root, "set"), { ...fast, url: `${base}/data.tar.gz`, sha256: checksum });
    expect(result).toEqual({ files: 3, bytes: 120_000 });
    expect(readdirSync(root)).toEqual(["set"]);
    expect(readdirSync(join(root, "set", "no")).toSorted()).toEqual(["b_nohash_0.wav", "c_nohash_0.wav"]);
    expect(rangesOf("/data.tar.gz").length).toBeGreaterThan(1);
  });

  it("uses an archive that lies there, but not a wrong one", async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, "data.tar.gz"), archive);
    const before = requests.length;
    await expect(getSpeechCommands(join(root, "set"), { url: `${base}/data.tar.gz`, sha256: "00" })).rejects.toThrow(
      /its checksum is wrong; remove it/,
    );
    await getSpeechCommands(join(root, "set"), { url: `${base}/data.tar.gz`, keepArchive: true });
    expect(requests.length).toBe(before);
    expect(readdirSync(root).toSorted()).toEqual(["data.tar.gz", "set"]);
  });
});
