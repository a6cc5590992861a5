import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// EVERWIRE_SERVER points `npm run dev` at a running reference server.
const server = process.env['EVERWIRE_SERVER'] ?? 'http://127.0.0.1:8787';

export default defineConfig({
  plugins: [react()],
  base: './',
  build: {
    target: 'es2022',
    // Nothing may become a data: URL, so that the server's content security policy can stay without them.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The dashboard's React Flow and wasm in one file: it needs all of it at once.
    chunkSizeWarningLimit: 900,
    // Each page loads what it needs and nothing of the others.
    rolldownOptions: { input: ['index.html', 'notifications/index.html', 'answer/index.html', 'room/index.html'] },
  },
  server: {
    proxy: { '/api': { target: server, ws: true } },
  },
});
