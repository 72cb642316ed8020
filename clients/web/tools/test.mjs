// Compiles the tests and runs those that need no browser.
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { tsc } from "./build.mjs";

const compiled = join(dirname(dirname(fileURLToPath(import.meta.url))), "../../target/web/test");
rmSync(compiled, { recursive: true, force: true });
tsc("-p", "test");
const tests = readdirSync(join(compiled, "test")).filter((name) => name.endsWith(".test.js"));
const paths = tests.map((name) => join(compiled, "test", name));
execFileSync(process.execPath, ["--test", ...paths], { stdio: "inherit" });
