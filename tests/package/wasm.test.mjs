// @ts-check
// A page that cannot have WebAssembly is told why, and what to do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, EverwireError } from 'everwire';

const url = 'wss://a.example/';

/**
 * What `connect` throws while `WebAssembly` is another.
 *
 * @param {Partial<typeof WebAssembly> | undefined} changed
 */
function refused(changed) {
  const before = globalThis.WebAssembly;
  const changedOrNone = changed && Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(before), ...Object.getOwnPropertyDescriptors(changed) });
  Object.assign(globalThis, { WebAssembly: changedOrNone });
  try {
    connect(url);
  } catch (error) {
    assert.ok(error instanceof EverwireError, String(error));
    return error;
  } finally {
    Object.assign(globalThis, { WebAssembly: before });
  }
  throw new assert.AssertionError({ message: 'connect did not throw' });
}

/** @param {new (message: string) => Error} Kind @param {string} message */
const throwing = (Kind, message) =>
  /** @type {any} */ (function () {
    throw new Kind(message);
  });

for (const [engine, step, Kind, message] of /** @type {const} */ ([
  ['Chromium', 'Module', WebAssembly.CompileError, "WebAssembly.Module(): Compiling or instantiating WebAssembly module violates the following Content Security policy directive because 'unsafe-eval' is not allowed"],
  ['Firefox', 'Module', WebAssembly.CompileError, 'call to WebAssembly.Module() blocked by CSP'],
  ['WebKit', 'Instance', WebAssembly.CompileError, "Refused to create a WebAssembly object because 'unsafe-eval' or 'wasm-unsafe-eval' is not an allowed source of script"],
  ['older engines', 'Module', EvalError, 'Refused to create a WebAssembly object'],
])) {
  test(`a Content-Security-Policy that forbids wasm in ${engine} is named with what to add`, () => {
    const error = refused({ [step]: throwing(Kind, message) });
    assert.equal(error.code, 'csp');
    assert.match(error.message, /'wasm-unsafe-eval'.*script-src/);
    assert.equal(error.retryable, false);
    assert.ok(error.cause instanceof Kind);
  });
}

test('a limit of the engine is not taken for a policy', () => {
  const error = refused({ Module: throwing(RangeError, 'disallowed on the main thread') });
  assert.equal(error.code, 'wasm_unavailable');
  assert.ok(error.cause instanceof RangeError);
});

test('a browser without WebAssembly is told so', () => {
  const error = refused(undefined);
  assert.equal(error.code, 'wasm_unavailable');
  assert.match(error.message, /no WebAssembly/);
});

test('a module that cannot be instantiated is told so', () => {
  const error = refused({ Instance: throwing(RangeError, 'out of memory') });
  assert.equal(error.code, 'wasm_unavailable');
  assert.ok(error.cause instanceof RangeError);
});

test('bytes that are no module are not taken for a policy', async () => {
  const { initSync } = await import('everwire/slim');
  assert.throws(() => initSync(new TextEncoder().encode('<!doctype html>')), { code: 'wasm_unavailable' });
});

test('what failed once can succeed later', () => {
  refused(undefined);
  globalThis.WebSocket ??= /** @type {any} */ (class extends EventTarget { close() {} });
  connect(url).close();
});
