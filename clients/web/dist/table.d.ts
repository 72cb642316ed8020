export * from "./types/table/table.js";
