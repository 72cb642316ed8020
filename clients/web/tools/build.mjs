// Builds the package into a folder: one minified module for pages, and its types for those who write them.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { copyFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build as bundle } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NOTE = "// Stadion's web client, built from clients/web by `npm run build`. Apache-2.0 OR MIT.";
/** The modules that pages load, and where each begins. */
const MODULES = { stadion: "src/index", table: "table/table" };

/** Where the compiler lies. */
export function tsc(...args) {
  const program = createRequire(import.meta.url).resolve("typescript/package.json");
  execFileSync(process.execPath, [join(dirname(program), "bin", "tsc"), ...args], { cwd: root, stdio: "inherit" });
}

/** The client is one module, whoever imports it: two of them would be two clients. */
const oneClient = {
  name: "one-client",
  setup({ onResolve }) {
    onResolve({ filter: /src\/index\.js$/ }, () => ({ path: "./stadion.js", external: true }));
  },
};

/** Builds everything into `folder`. */
export async function build(folder) {
  for (const [name, entry] of Object.entries(MODULES)) {
    await bundle({
      absWorkingDir: root,
      entryPoints: [`${entry}.ts`],
      bundle: true,
      format: "esm",
      target: "es2022",
      minify: true,
      banner: { js: NOTE },
      plugins: [oneClient],
      outfile: join(folder, `${name}.js`),
      logLevel: "warning",
    });
  }
  tsc("--declaration", "--emitDeclarationOnly", "--stripInternal", "--outDir", join(folder, "types"));
  for (const [name, entry] of Object.entries(MODULES)) {
    writeFileSync(resolve(root, folder, `${name}.d.ts`), `export * from "./types/${entry}.js";\n`);
  }
  copyFileSync(join(root, "table/table.css"), resolve(root, folder, "table.css"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build(process.argv[2] ?? "dist");
