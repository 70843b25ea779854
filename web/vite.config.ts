import { fileURLToPath, URL } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import vue from "@vitejs/plugin-vue";
import type { ProxyOptions } from "vite";
import { defineConfig } from "vitest/config";
import { compression } from "vite-plugin-compression2";

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const client = pathOf("../sdk/typescript/src");
/** The gateway that the development server forwards to. */
const gateway = process.env.GATEWAY_URL ?? "http://127.0.0.1:8080";
// The gateway takes writes of its own pages alone: this server stands in for it.
const target: ProxyOptions = {
  target: gateway,
  changeOrigin: true,
  headers: { origin: gateway },
};
const proxy = { "/bff": target, "/v1": target };

/** The first page that a teacher sees, with the frame around it. */
const OVERVIEW = new RegExp(
  "/src/(layouts/AppLayout|views/TeacherDashboardView|components/(dashboard|layout)/" +
    "|services/dashboard|(composables|stores|utils)/" +
    "(batch-mapper|dashboard|ledger-query|navigation|notifications|profile|use(Connection" +
    "|LiveBatches|Refresh|ScrollMemory|WhenIdle))\\.)",
);

/** Few files for what every screen needs; a view and what only it needs stay files of their own. */
function chunkOf(id: string): string | undefined {
  if (/node_modules\/(@vue|vue|vue-router|pinia)\//.test(id)) return "vue";
  if (/LongRows|\/locales\//.test(id)) return undefined;
  if (/\/src\/(components\/ui|lib|router|services\/session|stores\/auth)/.test(id)) return "ui";
  // Read while the first answer is on its way.
  if (id.endsWith("/generated/schemas.ts")) return "schemas";
  return OVERVIEW.test(id) ? "overview" : undefined;
}

export default defineConfig({
  // The gateway sends these copies, in brotli or gzip, to whoever takes them.
  plugins: [vue(), tailwindcss(), compression({ threshold: 256, logLevel: "silent" })],
  resolve: {
    alias: [
      { find: "@", replacement: pathOf("./src") },
      // The client's sources, so that neither build nor tests need a build of it first.
      { find: /^@huleedu\/bff-client\/schemas$/, replacement: `${client}/generated/schemas.ts` },
      { find: /^@huleedu\/bff-client$/, replacement: `${client}/index.ts` },
      { find: "openapi-fetch", replacement: pathOf("./node_modules/openapi-fetch") },
      // The functional half of zod, which is all that the generated schemas use, is a third of it.
      { find: /^zod$/, replacement: pathOf("./node_modules/zod/mini") },
    ],
  },
  // Every component is written with the composition API.
  define: { __VUE_OPTIONS_API__: false },
  server: { host: "127.0.0.1", port: 5173, proxy, fs: { allow: [pathOf("."), client] } },
  preview: { host: "127.0.0.1", proxy },
  build: {
    target: "es2022",
    // Inlined as data: URLs, fonts and images would need a wider content security policy.
    assetsInlineLimit: 0,
    manifest: true,
    reportCompressedSize: false,
    // The schemas of screens that a page does not read are left out.
    rollupOptions: {
      treeshake: { manualPureFunctions: ["z"] },
      output: {
        manualChunks: chunkOf,
        // Of Rollup's own hashes, some are eight letters: by the name alone, those may be a word.
        hashCharacters: "hex",
        entryFileNames: "assets/[name]-[hash:16].js",
        chunkFileNames: "assets/[name]-[hash:16].js",
        assetFileNames: "assets/[name]-[hash:16][extname]",
      },
      // Files that need each other run in an order that nobody chose: the page may stay blank.
      onLog(level, log, handle) {
        if (log.code === "CIRCULAR_CHUNK") throw new Error(log.message);
        handle(level, log);
      },
    },
  },
  test: {
    environment: "jsdom",
    include: ["tests/**/*.test.ts"],
    setupFiles: ["tests/setup.ts"],
    restoreMocks: true,
  },
});
