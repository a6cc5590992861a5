// Owns this tab's link: the name under which the server can cut, stall or slow this page's connection and no other.

import { reportError } from './reportError.ts';

export type NetworkAction = 'cut' | 'stall' | 'slow' | 'restore';

const KEY = 'everwire.link';

/** This tab's key, the same after a reload. A duplicated tab shares it: both are then cut together, which harms nobody. */
export function linkKey(): string {
  try {
    const known = sessionStorage.getItem(KEY);
    if (known) return known;
    const fresh = randomKey();
    sessionStorage.setItem(KEY, fresh);
    return fresh;
  } catch {
    // Storage can be forbidden; the key then lasts as long as the page.
    return randomKey();
  }
}

const STATE = 'everwire.network';

/** What was last done to this tab's link, as far as this tab knows. */
export function lastNetworkAction(): NetworkAction {
  try {
    const known = sessionStorage.getItem(STATE);
    return known === 'cut' || known === 'stall' || known === 'slow' ? known : 'restore';
  } catch {
    return 'restore';
  }
}

export function rememberNetworkAction(action: NetworkAction): void {
  try {
    sessionStorage.setItem(STATE, action);
  } catch {
    // As above: it is then forgotten by a reload.
  }
}

function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export interface ServerConfig {
  readonly dag: string;
  readonly dags: readonly { readonly id: string; readonly title: string; readonly description: string }[];
  /** Nothing where another proxy is in front: then the stream is where the page is. */
  readonly proxy: { readonly port: number } | null;
}

let config: Promise<ServerConfig> | null = null;

/** What the server says of itself, asked once; a failure is not remembered. */
export function serverConfig(): Promise<ServerConfig> {
  config ??= fetch('/api/config')
    .then((response) => {
      if (!response.ok) throw new Error(`/api/config: ${response.status}`);
      return response.json() as Promise<ServerConfig>;
    })
    .catch((error: unknown) => {
      config = null;
      throw error;
    });
  return config;
}

/** The stream by way of the proxy that the network menu works on. */
export function proxiedStreamUrl(dagId: string, link: string): Promise<string> {
  return proxiedUrl(`/api/dags/${encodeURIComponent(dagId)}/stream`, link);
}

/** The same way to a shared document: what cuts one cuts both. */
export function proxiedNotesUrl(id: string, link: string): Promise<string> {
  return proxiedUrl(`/api/docs/${encodeURIComponent(id)}`, link);
}

async function proxiedUrl(path: string, link: string): Promise<string> {
  const { proxy } = await serverConfig();
  const url = new URL(path, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  if (proxy !== null) {
    url.port = String(proxy.port);
    url.searchParams.set('link', link);
  }
  return url.href;
}

/** Asks the server's proxy; `null` if it was done, else what went wrong, for a person. */
export async function setNetwork(link: string, action: NetworkAction): Promise<string | null> {
  return post('/api/network', { link, action }, 'network');
}

/** Starts a run; `null` if it was started. Not a message of the stream: a run is started by whoever may, connected or not. */
export async function startRun(dagId: string): Promise<string | null> {
  return post(`/api/dags/${encodeURIComponent(dagId)}/start`, {}, 'start');
}

async function post(path: string, body: object, where: string): Promise<string | null> {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (response.ok) return null;
    const said: unknown = await response.json().catch(() => null);
    const message = said !== null && typeof said === 'object' && 'message' in said ? String(said.message) : null;
    return message ?? `The server answered ${response.status}.`;
  } catch (error) {
    reportError(error, { where });
    return 'The server could not be reached.';
  }
}
