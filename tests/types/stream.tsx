// A stream: the types of its events, its options and its hook.

import { stream } from 'everwire/stream';
import { useResilientSSE } from 'everwire/stream/react';
import { iterate } from 'everwire/iterate';
import { holds, type Same } from './expect.js';

type Types = { progress: { done: number }; completed: { sum: number }; failed: string };

const run = stream<Types>('/stream', {
  headers: async () => ({ a: 'b' }),
  body: () => new Uint8Array(),
  token: () => null,
  recover: async ({ lastEventId }) => ({ terminalEventType: lastEventId }),
  shouldReconnect: ({ status }) => status === 404,
  heartbeat: { silence: 20_000 },
  backoff: { base: 100 },
});
run.on('progress', ({ data, id, type }) => {
  holds<Same<typeof data.done, number>>();
  holds<Same<typeof type, 'progress'>>();
  return id.length;
});
run.match({ progress: ({ data }) => data.done, completed: ({ data }) => data.sum, failed: ({ data }) => data.length });
// @ts-expect-error: a type that is left out
run.match({ progress: ({ data }) => data.done });
// @ts-expect-error: a stream sends nothing
run.send({ type: 'a' });
// @ts-expect-error: it has no queue
stream('/stream', { queue: { high: 1 } });
const status: number | null | undefined = run.snapshot().reason?.status;

export function Shown() {
  const { data, outcome } = useResilientSSE('/chat', { initial: '', reduce: (text, { data }) => text + data.delta });
  holds<Same<typeof data, string>>();
  const { data: last } = useResilientSSE<{ n: number }>('/last');
  return <p>{data.length} {outcome} {last?.n} {status}</p>;
}

void stream('/untyped').on('any', ({ data }) => {
  // @ts-expect-error: nobody knows what it is
  return data.length;
});

export async function loop() {
  for await (const { data } of iterate(run, 'completed')) holds<Same<typeof data.sum, number>>();
  for await (const { type } of iterate(run, '*')) holds<Same<typeof type, keyof Types>>();
}
