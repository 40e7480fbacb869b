import { defineConfig } from "@playwright/test";
import ours from "../playwright.config";

// How quick the pages are, one after another: see docs/quick-pages.md.
export default defineConfig({
  ...ours,
  testDir: ".",
  fullyParallel: false,
  workers: 1,
  timeout: 4 * 60_000,
  outputDir: "../test-results/speed",
});
