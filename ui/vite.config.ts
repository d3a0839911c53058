import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Writes `.br` and `.gz` beside each text file over 1 KB: the server sends them as they are. */
function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    writeBundle({ dir }) {
      for (const name of readdirSync(dir ?? '', { recursive: true, encoding: 'utf8' })) {
        const path = join(dir ?? '', name);
        if (!/\.(js|css|html|svg|json|txt)$/.test(name) || statSync(path).size < 1024 || name === 'index.html')
          continue;
        const bytes = readFileSync(path);
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

/** Tells `boot.js` which file the runs page is in: it is asked for at once, not when the first file has run. */
function nameRuns(): Plugin {
  return {
    name: 'name-runs',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (_, { bundle }) => {
        const runs = Object.keys(bundle ?? {}).find((name) => /\/runs-[^/]*\.js$/.test(name));
        if (!runs) throw new Error('There is no file "runs" in the build.');
        return [{ tag: 'meta', attrs: { name: 'runs-page', content: `./${runs}` }, injectTo: 'head-prepend' }];
      },
    },
  };
}

/** What menus, panels, dialogs and notes are made of: fetched when somebody seems to want one. */
const OVERLAYS =
  /components\/(Late(Menu|Popover)|CopyButton|FormDialog)|@floating-ui|@mantine\/notifications|@mantine\/core\/esm\/components\/(Checkbox|Combobox|Drawer|Menu|Modal|ModalBase|Popover|ScrollArea|Select|Slider|Tooltip)\//;

/** Few files, each for a purpose: a page of fifty small ones waits for fifty answers. Each takes with it what it needs and those above have not. */
const groups = [
  { name: 'shell', priority: 9, tags: ['$initial' as const] },
  { name: 'runs', priority: 8, test: /features\/runs\/RunsPage\.tsx/ },
  { name: 'overlays', priority: 7, test: OVERLAYS },
  { name: 'later', priority: 6, test: /features\/(runs|charts|views)\/later\// },
  { name: 'markdown', priority: 1, test: /node_modules\/(marked|dompurify)\/|components\/MarkdownDocument/ },
  { name: 'echarts', priority: 1, test: /node_modules\/(echarts|zrender)\// },
];

/** The server behind `vite` while the pages are worked on. */
const server = process.env.HEADRACE_URL ?? 'http://127.0.0.1:5000';
const proxied = ['/api', '/ajax-api', '/get-artifact', '/version', '/health', '/preview'];

export default defineConfig({
  base: './',
  server: { host: '127.0.0.1', proxy: Object.fromEntries(proxied.map((path) => [path, server])) },
  plugins: [react(), nameRuns(), precompress()],
  resolve: { alias: { '@': join(import.meta.dirname, 'src') } },
  build: {
    target: 'es2022',
    license: true,
    outDir: '../src/headrace/static',
    emptyOutDir: true,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700, // echarts: loaded when one of its charts is shown
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
});
