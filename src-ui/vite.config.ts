import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The review window: index.html and its assets in dist/.
export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  build: {
    outDir: "dist",
    target: ["es2022", "safari16.4"],
    modulePreload: false,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
  },
});
