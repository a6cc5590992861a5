// @ts-check
// Starts the reference server and prints its address last, once it answers.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const address = `http://127.0.0.1:${process.env['PORT'] ?? 8787}`;
const server = spawn(join(process.env['CARGO_TARGET_DIR'] ?? 'target', 'debug/everwire-server'), [], {
  stdio: 'inherit',
});
server.on('error', (error) => {
  console.error(`The server did not start: ${error.message}`);
  process.exit(1);
});
server.on('exit', (code, signal) => process.exit(signal ? 0 : (code ?? 1)));
// Ctrl-C reaches the server too; let it say goodbye to its connections and leave with it.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => server.kill('SIGTERM'));

for (let tries = 0; tries < 150; tries += 1) {
  await sleep(100);
  const ready = await fetch(`${address}/healthz`).then((answer) => answer.ok, () => false);
  if (ready) {
    console.log(`==> Notifications: ${address}/notifications/ · answers, word by word: ${address}/answer/ · together: ${address}/room/`);
    console.log(`==> The demo is at ${address} (Ctrl-C ends it)`);
    break;
  }
}
