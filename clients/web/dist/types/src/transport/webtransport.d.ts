import type { Endpoint } from "../protocol/path.js";
import { type Listener, type Transport } from "./transport.js";
/** Whether this page has it: browsers offer it to secure contexts alone. */
export declare function hasWebTransport(): boolean;
export declare function openWebTransport(endpoint: Endpoint, listener: Listener): Transport;
