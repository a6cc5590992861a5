/** The wasm module of everwire, for runtimes and bundlers that import wasm as a module. */
declare const module: WebAssembly.Module;
export default module;
