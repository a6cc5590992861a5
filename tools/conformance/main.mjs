// @ts-check
// Owns the command line of the conformance run; must not know any check.
//
//     node tools/conformance/main.mjs ws://…
//
//     EVENT='{"type":"say","text":"{n}"}'  makes the server publish an event; an array: one after the other, by turns
//     CRITICAL='{"type":"alarm"}'          makes the server send a critical event; so may a message that it refuses
//     REQUEST='{"type":"count"}'           is answered by a reply
//     LOG=500                              how many events the log holds: so many are published, to see it forget
//     TOKEN=…, ORIGIN=https://…            for the client's hello and for the handshake
//     PATIENCE=2000                        how long an answer may take, in ms
//     GOAWAY=30                            wait so many seconds for the server to be stopped, and look at its goaway

import { conformance } from './conformance.mjs';
import { report } from './report.mjs';

const [url = ''] = process.argv.slice(2);
const { EVENT, CRITICAL, REQUEST, LOG, TOKEN, ORIGIN, PATIENCE, GOAWAY } = process.env;

if (!/^wss?:\/\//.test(url)) {
  console.error('Which server? make conformance URL=ws://127.0.0.1:8788');
  process.exit(2);
}

const stop = async () => console.log(`Stop the server now (within ${GOAWAY} s), so that it says goaway.`);

try {
  const results = await conformance({
    url,
    ...(EVENT ? { event: EVENT } : {}),
    ...(CRITICAL ? { critical: CRITICAL } : {}),
    ...(REQUEST ? { request: REQUEST } : {}),
    ...(LOG ? { log: Number(LOG) } : {}),
    ...(TOKEN ? { token: TOKEN } : {}),
    ...(ORIGIN ? { origin: ORIGIN } : {}),
    ...(PATIENCE ? { patience: Number(PATIENCE) } : {}),
    ...(GOAWAY ? { stop, stopWithin: Number(GOAWAY) * 1_000 } : {}),
  });
  console.log(report(url, results, process.stdout.isTTY));
  process.exitCode = results.some(({ ending }) => ending === 'failed') ? 1 : 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
