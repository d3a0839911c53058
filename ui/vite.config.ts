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

/** Parts of libraries that neither the shell nor the runs page needs. */
const LATER =
  /react-number-format|react-textarea-autosize|components\/(TagsInput|PillsInput|Pill|NumberInput|Autocomplete|Drawer|HoverCard|PasswordInput|Progress|Switch|Table|Tabs|Textarea)\//;

/** Few files, each for a purpose: a page of fifty small ones waits for fifty answers. */
const groups = [
  {
    name: 'vendor',
    priority: 4,
    test: (id: string) =>
      /rolldown\/runtime/.test(id) ||
      (/node_modules\/(?!uplot|echarts|zrender|marked|dompurify)/.test(id) && !LATER.test(id)),
  },
  {
    name: 'shared',
    priority: 3,
    test: /src\/(api|components\/(?!MarkdownDocument)|lib|routes)\/|src\/(theme|router|main)|features\/stars\//,
  },
  {
    name: 'runs',
    priority: 2,
    test: /node_modules\/uplot\/|src\/(features\/(runs\/(?!later)|charts|views)|charts\/(line|Line|Spark|paint))/,
  },
  { name: 'markdown', priority: 1, test: /node_modules\/(marked|dompurify)\/|components\/MarkdownDocument/ },
  { name: 'echarts', priority: 1, test: /node_modules\/(echarts|zrender)\// },
];

/** The server behind `vite` while the pages are worked on. */
const server = process.env.HEADRACE_URL ?? 'http://127.0.0.1:5000';
const proxied = ['/api', '/ajax-api', '/get-artifact', '/version', '/health', '/preview'];

export default defineConfig({
  base: './',
  server: { host: '127.0.0.1', proxy: Object.fromEntries(proxied.map((path) => [path, server])) },
  plugins: [react(), precompress()],
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
