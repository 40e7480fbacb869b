import { defineConfig } from "@playwright/test";
import ours from "../playwright.config";

// One term from beginning to end, in one browser: see docs/effort.md.
export default defineConfig({
  ...ours,
  testDir: ".",
  fullyParallel: false,
  workers: 1,
  timeout: 8 * 60_000,
  outputDir: "../test-results/effort",
});
