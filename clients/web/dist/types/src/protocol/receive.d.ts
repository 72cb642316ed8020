import type { Input, Machine } from "./machine.js";
export declare function receive(machine: Machine, now: number, input: Input): void;
