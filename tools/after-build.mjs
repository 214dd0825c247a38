import { chmodSync, cpSync } from "node:fs";

const at = (path) => new URL(`../${path}`, import.meta.url);
chmodSync(at("dist/cli/main.js"), 0o755);
// The published trainings are read where they lie.
cpSync(at("src/zoo/recipes"), at("dist/zoo/recipes"), { recursive: true, filter: (path) => !path.endsWith(".ts") });
