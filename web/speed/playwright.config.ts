import { defineConfig } from "@playwright/test";
import ours from "../playwright.config";

// How quick the pages are, one after another: see docs/quick-pages.md.
const launch = ours.use!.launchOptions!;

export default defineConfig({
  ...ours,
  testDir: ".",
  fullyParallel: false,
  workers: 1,
  use: {
    ...ours.use,
    // A name, since browsers trust 127.0.0.1 as if it spoke HTTPS, which changes what they do.
    launchOptions: { ...launch, args: [...launch.args!, "--host-resolver-rules=MAP muster.test 127.0.0.1"] },
  },
  timeout: 10 * 60_000,
  outputDir: "../test-results/speed",
});
