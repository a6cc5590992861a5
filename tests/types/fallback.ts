// The way over HTTP: its options.

import { connect } from 'everwire';
import { fallback } from 'everwire/fallback';

connect('/live', { transport: fallback() });
connect('/live', { transport: fallback({ memory: 60_000, patience: 2_000, onTransport: (way) => void (way === 'sse') }) });
// @ts-expect-error: not a name.
connect('/live', { transport: 'auto' });
// @ts-expect-error: no such option.
fallback({ forever: true });
// @ts-expect-error: another protocol has no other way.
connect('/live', { protocol: 'raw', transport: fallback() });
