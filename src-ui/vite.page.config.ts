import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The approval page: approve.html, page.js and page.css, with fixed names and in one piece,
// so that the app can embed and serve exactly three files.
export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  build: {
    outDir: "dist-page",
    target: ["es2022", "safari16.4"],
    modulePreload: false,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    rollupOptions: {
      input: "approve.html",
      output: {
        entryFileNames: "page.js",
        chunkFileNames: "page-[name].js",
        assetFileNames: "page[extname]",
        codeSplitting: false,
      },
    },
  },
});
