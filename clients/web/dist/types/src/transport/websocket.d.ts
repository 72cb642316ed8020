import type { Endpoint } from "../protocol/path.js";
import { type Listener, type Transport } from "./transport.js";
export declare function openWebSocket(endpoint: Endpoint, listener: Listener): Transport;
