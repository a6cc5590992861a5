// What the types of a shared document let through and what they do not.

import { connect } from 'everwire';
import { YjsProvider, type YjsSnapshot } from 'everwire/yjs';
import { IndexeddbPersistence } from 'y-indexeddb';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { holds, type Same } from './expect.js';

const doc = new Y.Doc();
const provider = new YjsProvider(doc, '/api/docs/notes', {
  awareness: new Awareness(doc),
  persistence: new IndexeddbPersistence('notes', doc),
  backoff: { base: 100 },
  heartbeat: { idle: 5_000 },
});
holds<Same<typeof provider.awareness, Awareness>>();
holds<Same<ReturnType<typeof provider.snapshot>, YjsSnapshot>>();
provider.client.snapshot().freshness satisfies 'fresh' | 'stale' | 'unknown';
provider.whenSynced satisfies Promise<void>;
provider.subscribe(() => provider.synced && !provider.unsaved)();
provider.destroy();

new YjsProvider(doc, () => Promise.resolve('/api/docs/notes'));
new YjsProvider(doc, connect('/api/docs/notes', { protocol: 'raw' }), { awareness: provider.awareness });

// @ts-expect-error of a client that is there, the connection is its own
new YjsProvider(doc, connect('/api/docs/notes', { protocol: 'raw' }), { backoff: { base: 100 } });
// @ts-expect-error a client of the protocol sends events
new YjsProvider(doc, connect('/live'));
// @ts-expect-error the ping is the provider's
new YjsProvider(doc, '/api/docs/notes', { heartbeat: { ping: 'x' } });
// @ts-expect-error no document
new YjsProvider({}, '/api/docs/notes');
// @ts-expect-error it is said, not told
provider.synced = true;
