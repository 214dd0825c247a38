// Holds the order of the rooms (ARCHITECTURE.md): a folder imports only from folders before it in this list.
import { readdirSync } from "node:fs";
import { cruise } from "dependency-cruiser";

const rooms = [
  "base",
  "signal",
  "kernels",
  "graph",
  "passes",
  "engine",
  "frontend",
  "zoo",
  "formats",
  "corpus",
  "train",
  "detect",
  "measure",
  "targets",
  "compat",
  "cli",
];
const unknown = readdirSync("src", { withFileTypes: true }).filter((e) => e.isDirectory() && !rooms.includes(e.name));
if (unknown.length > 0)
  throw new Error(`src/${unknown[0].name} is not a room of ARCHITECTURE.md; add it to tools/layers.mjs in its place`);
const forbidden = rooms.slice(0, -1).map((room, i) => ({
  name: `${room}-imports-only-from-above`,
  severity: "error",
  from: { path: `^src/${room}/` },
  to: { path: `^src/(${rooms.slice(i + 1).join("|")})/` },
}));
forbidden.push({
  name: "no-cycles",
  severity: "error",
  from: { path: "^src" },
  to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
});
const { output } = await cruise(["src"], {
  ruleSet: { forbidden },
  validate: true,
  tsPreCompilationDeps: true,
  doNotFollow: { path: "node_modules" },
  tsConfig: { fileName: "tsconfig.json" },
});
const violations = output.summary.violations;
for (const v of violations) console.error(`${v.rule.name}: ${v.from} -> ${v.to}`);
// A checker that sees no modules reports no violations: dependency-cruiser does so when it cannot load TypeScript.
if (output.summary.totalCruised < 20)
  throw new Error(`only ${output.summary.totalCruised} modules were seen; is TypeScript 6 installed?`);
console.log(`layers: ${output.summary.totalCruised} modules, ${violations.length} violations`);
process.exitCode = violations.length > 0 ? 1 : 0;
