import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

/** Clock, timers and chance come in as parameters everywhere else. */
const IMPURE = /\b(performance|Date|setTimeout|setInterval|Math\.random)\b/;

test("only_the_driver_and_its_starter_know_time_and_chance", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const impure = files.filter((file) => IMPURE.test(readFileSync(join("src", file), "utf8")));
  assert.deepEqual(impure.sort(), ["driver.ts", "stadion.ts"]);
});
