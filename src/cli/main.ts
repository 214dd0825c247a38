#!/usr/bin/env node
import { commands } from "./commands.js";
import { runCommandLine } from "./run.js";

process.exitCode = await runCommandLine(commands, process.argv.slice(2));
