import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { pretend } from "./vite.pretend.ts";

// To look at every state without the app: dev.html and dev-page.html, on made-up data.
export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  resolve: { alias: pretend },
  server: { port: 5199, strictPort: true, open: false },
});
