// Fails if `dist` is not what the sources give, or if pages would load too much.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "./build.mjs";

/** What a page may have to load, bytes. */
const MOST_GZIPPED = 15_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [dist, fresh] = [join(root, "dist"), join(process.env.STADION_TARGET_DIR ?? join(root, "../../target"), "web/dist")];

const files = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length))
    .sort();

rmSync(fresh, { recursive: true, force: true });
await build(fresh);
const faults = [];
for (const file of new Set([...files(dist), ...files(fresh)])) {
  const read = (folder) => {
    try {
      return readFileSync(join(folder, file), "utf8");
    } catch {
      return undefined;
    }
  };
  if (read(dist) !== read(fresh)) faults.push(`dist${file} is not what the sources give: npm run build`);
}
const gzipped = gzipSync(readFileSync(join(fresh, "stadion.js")), { level: 9 }).length;
console.log(`stadion.js: ${gzipped} bytes gzipped, of ${MOST_GZIPPED}`);
if (gzipped > MOST_GZIPPED) faults.push(`stadion.js is ${gzipped} bytes gzipped, over ${MOST_GZIPPED}`);
for (const fault of faults) console.error(`error: ${fault}`);
process.exitCode = faults.length ? 1 : 0;
