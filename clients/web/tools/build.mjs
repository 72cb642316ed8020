// Builds the package into a folder: one minified module for pages, and its types for those who write them.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build as bundle } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NOTE = "// Stadion's web client, built from clients/web/src by `npm run build`. Apache-2.0 OR MIT.";

/** Where the compiler lies. */
export function tsc(...args) {
  const program = createRequire(import.meta.url).resolve("typescript/package.json");
  execFileSync(process.execPath, [join(dirname(program), "bin", "tsc"), ...args], { cwd: root, stdio: "inherit" });
}

/** Builds everything into `folder`. */
export async function build(folder) {
  await bundle({
    absWorkingDir: root,
    entryPoints: ["src/index.ts"],
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    banner: { js: NOTE },
    outfile: join(folder, "client.js"),
    logLevel: "warning",
  });
  tsc("--declaration", "--emitDeclarationOnly", "--stripInternal", "--outDir", join(folder, "types"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build(process.argv[2] ?? "dist");
