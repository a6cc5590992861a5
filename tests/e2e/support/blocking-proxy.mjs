// @ts-check
// Owns a proxy that lets HTTP pass and does to WebSockets what middleboxes do, and the page behind it; must not know what
// is right.

import { createServer, request as ask } from 'node:http';

/** @typedef {import('node:stream').Duplex} Duplex */
/** `reset` refuses the connection once it asks for a WebSocket; `cut` breaks it when it is one. */
/** @typedef {'pass' | 'reset' | '403' | '400' | 'html' | 'hang' | 'cut'} Block */

export class BlockingProxy {
  /** @type {Block} */
  block = 'pass';
  port = 0;
  /** WebSockets that were asked for. */
  handshakes = 0;
  /** @type {Set<{ destroy(): void }>} */
  living = new Set();

  /** @param {() => number} target @param {string} script of the page */
  constructor(target, script) {
    this.target = target;
    this.server = createServer((request, response) => {
      if (request.url === '/lab.js') return response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
      // Orders of the page itself, for engines that nobody can talk to meanwhile.
      if (request.url === '/cut') setImmediate(() => this.cut());
      if (request.url === '/pass') this.block = 'pass';
      if (!request.url?.startsWith('/api/')) {
        return response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>lab</title><link rel="icon" href="data:,"><script type="module" src="/lab.js"></script>');
      }
      const onward = ask({ port: target(), host: '127.0.0.1', path: request.url, method: request.method, headers: this.#headers(request.headers) }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
        answer.on('error', () => response.destroy());
      });
      this.#mind(response);
      onward.on('error', () => response.destroy());
      response.on('close', () => onward.destroy());
      request.pipe(onward);
      return undefined;
    });
    this.server.on('upgrade', (request, socket, head) => {
      this.handshakes++;
      socket.on('error', () => {});
      this.#mind(socket);
      this.#upgrade(request, socket, head);
    });
  }

  async start() {
    await new Promise((done) => this.server.listen(0, '127.0.0.1', () => done(null)));
    this.port = /** @type {import('node:net').AddressInfo} */ (this.server.address()).port;
    return this;
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Breaks everything that is under way. */
  cut() {
    for (const each of [...this.living]) each.destroy();
  }

  stop() {
    this.cut();
    this.server.closeAllConnections();
    this.server.close();
  }

  /** @param {{ destroy(): void, on(event: 'close', handler: () => void): unknown }} each */
  #mind(each) {
    this.living.add(each);
    each.on('close', () => this.living.delete(each));
  }

  /** The server answers to its own name, and to pages of its own. @param {import('node:http').IncomingHttpHeaders} headers */
  #headers(headers) {
    const host = `127.0.0.1:${this.target()}`;
    return { ...headers, host, ...(headers.origin !== undefined && { origin: `http://${host}` }) };
  }

  /** @param {import('node:http').IncomingMessage} request @param {Duplex} socket @param {Buffer} head */
  #upgrade(request, socket, head) {
    const say = (/** @type {string} */ status, body = '', type = 'text/plain') =>
      socket.end(`HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
    switch (this.block) {
      case 'reset':
        return void socket.destroy();
      case 'hang':
        return;
      case '403':
        return void say('403 Forbidden');
      case '400':
        return void say('400 Bad Request');
      case 'html':
        return void say('200 OK', '<!doctype html><p>blocked', 'text/html');
    }
    const onward = ask({ port: this.target(), host: '127.0.0.1', path: request.url, headers: this.#headers(request.headers) });
    onward.on('error', () => socket.destroy());
    onward.on('upgrade', (answer, server, first) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
      server.on('error', () => socket.destroy());
      server.on('close', () => socket.destroy());
      socket.on('close', () => server.destroy());
      if (this.block === 'cut') return void setTimeout(() => socket.destroy(), 20);
      socket.write(first);
      server.write(head);
      server.pipe(socket);
      socket.pipe(server);
    });
    onward.on('response', (answer) => void say(`${answer.statusCode} ${answer.statusMessage}`));
    onward.end();
  }
}
