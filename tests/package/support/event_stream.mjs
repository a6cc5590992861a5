// @ts-check
// Owns how the tests get the reader of event streams, from the build that `make stream-wasm` makes; must not know what
// they read.

import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = resolve(process.env['CARGO_TARGET_DIR'] ?? 'target', 'wasm-bindgen-stream');

/** The generated module, and the JavaScript beside it. */
export const files = {
  core: join(folder, 'everwire.js'),
  wasm: join(folder, 'everwire_bg.wasm'),
  eventStream: join(folder, 'snippets', readdirSync(join(folder, 'snippets'))[0] ?? '', 'src/shell/event_stream.js'),
};

const core = await import(pathToFileURL(files.core).href);
const { eventStreamFrom } = await import(pathToFileURL(files.eventStream).href);
const wasm = core.initSync({ module: readFileSync(files.wasm) });

/** @typedef {{ onEvent?: (type: string, data: string, id: string) => void, onId?: (id: string) => void, onRetry?: (ms: number) => void, onComment?: () => void }} Handlers */
/** @typedef {{ push: (bytes: Uint8Array) => void, end: () => void }} EventStream */

/** @type {new (handlers: Handlers, limit?: number) => EventStream} */
export const EventStream = eventStreamFrom(core);

/** Makes the module's memory another, as any client may. */
export const growMemory = () => void wasm.memory.grow(1);
