import { defineConfig } from "@playwright/test";

// The real program in a real browser. CHROMIUM and MUSTER_BIN say where they are.
export default defineConfig({
  testDir: "e2e",
  fullyParallel: true,
  workers: 2,
  timeout: 600_000, // for a machine that is slow and busy
  expect: { timeout: 120_000 },
  forbidOnly: process.env.CI !== undefined,
  reporter: "list",
  use: {
    screenshot: "only-on-failure",
    contextOptions: { reducedMotion: "reduce" },
    launchOptions: {
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
