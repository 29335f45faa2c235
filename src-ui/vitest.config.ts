import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";
import { pretend } from "./vite.pretend.ts";

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  resolve: { alias: pretend },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts"],
    env: { TZ: "Europe/Berlin" },
  },
});
