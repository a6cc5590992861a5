/**
 * everwire without its wasm, for those who serve `everwire/core.wasm` themselves.
 *
 * @example
 * import wasm from 'everwire/core.wasm?url'; // Vite; other bundlers have their own way
 * import { connect, init } from 'everwire/slim';
 *
 * await init(fetch(wasm));
 * const client = connect('/live');
 */
export * from './index.js';

type Awaitable<T> = T | PromiseLike<T>;

/**
 * Compiles and instantiates `everwire/core.wasm`. The first one counts, later ones do nothing.
 *
 * @param source the module, its bytes, or the response to a request for them
 * @throws EverwireError (a rejection) `csp`, `wasm_unavailable`
 */
export declare function init(source: Awaitable<WebAssembly.Module | BufferSource | Response>): Promise<void>;

/**
 * As `init`, at once.
 *
 * @throws EverwireError `csp`, `wasm_unavailable`
 */
export declare function initSync(source: WebAssembly.Module | BufferSource): void;
