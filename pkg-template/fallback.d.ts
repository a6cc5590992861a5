/**
 * Where WebSockets are blocked: the same protocol over server-sent events and POST.
 *
 * @example
 * import { connect } from 'everwire';
 * import { fallback } from 'everwire/fallback';
 *
 * const client = connect('/live', { transport: fallback() });
 */
import type { Transport } from './index.js';

/** Unknown names and senseless values throw `invalid_option`. */
export interface FallbackOptions {
  /**
   * How long a place whose WebSockets are blocked is remembered for its network, in `localStorage` where there is one:
   * 1,000 to 86,400,000 ms. A WebSocket is tried again after that, beside what is open. Default 1,800,000 (half an hour).
   * Another network is one that the browser says is of another kind, or that it comes back to from none.
   */
  memory?: number | undefined;
  /** How long a handshake may take before it is looked into: 100 to 60,000 ms, and at most half of `connectTimeout`. Default 4,000. */
  patience?: number | undefined;
  /** Told which way a connection takes: at the first message of a WebSocket, and when a stream opens. */
  onTransport?: ((transport: 'websocket' | 'sse') => void) | undefined;
}

/**
 * The way over HTTP, for the option `transport` of `connect`.
 *
 * A WebSocket comes first. One that does not open, or is cut at once before a frame, is looked into by one request: a GET of the same
 * address (`ws:` as `http:`) with `Accept: text/event-stream`, with the cookies that the handshake had and without the token. Two
 * failures in a row while that request is answered with events are the evidence that WebSockets are blocked (four, where
 * one has talked before). What else it finds is in `snapshot().reason`: `unauthorized` (asked for a new token once),
 * `forbidden` (no more attempts), `rate_limited` (not before `Retry-After`), `captive_portal`, `offline`.
 *
 * Another origin has to allow the requests by CORS, with credentials, the headers `everwire-client`, `everwire-connection` and
 * `content-type`, and has to expose `everwire-connection` and `retry-after`. With `protocol: 'raw'` there is no other way.
 *
 * @throws EverwireError `invalid_option`
 */
export declare function fallback(options?: FallbackOptions): Transport;
