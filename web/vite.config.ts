import { readFileSync } from "node:fs";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { build, type Plugin, type Rolldown } from "vite";

// One page for each kind of visitor, so that a phone loads only what it shows.
const pages = ["student", "signin", "display", "kiosk", "teacher", "admin"];

// Which page the server answers a path with; the same table as in server/routes.go.
const routes: [RegExp, string][] = [
  [/^\/(s\/|me$|$)/, "/student.html"],
  [/^\/(signin|join\/)/, "/signin.html"],
  [/^\/display\//, "/display.html"],
  [/^\/kiosk\//, "/kiosk.html"],
  [/^\/(teach|board\/|report\/)/, "/teacher.html"],
  [/^\/admin(\/|$)/, "/admin.html"],
];

/** What the scripts are written for. */
const target = "es2020";

/** What is written into the student's page, which then asks for those scripts and shows its icon. */
async function early(scripts: string[]): Promise<string> {
  const built = await build({
    configFile: false,
    publicDir: false,
    logLevel: "error",
    define: { __SCRIPTS__: `[${scripts.join()}]`, __ICON__: JSON.stringify(icon()) },
    build: { write: false, target, lib: { entry: "src/student/early.ts", formats: ["iife"], name: "early" } },
  });
  const [{ output }] = built as [Rolldown.RolldownOutput];
  return output[0].code.trim();
}

/** The icon as an address: to ask for it would take the connection that a tap is waiting for. */
function icon(): string {
  const svg = readFileSync("public/favicon.svg", "utf8").trim().replace(/\n\s*/g, "").replaceAll('"', "'");
  return `data:image/svg+xml,${svg.replace(/[%#<>]/g, encodeURIComponent)}`;
}

// A phone shows the student's page as soon as the first part of its first answer is there: its
// styles come with it. What is not needed to show it comes after: early.ts, which asks for its
// scripts once it has been painted, and the icon, in its stead an empty one, or the browser
// would ask for it. The server lets styles and script pass by their hashes.
const seenFirst: Plugin = {
  name: "seen-first",
  enforce: "post",
  async generateBundle(_, bundle) {
    const page = bundle["student.html"];
    if (page?.type !== "asset") throw new Error("there is no student.html");
    let styles = "";
    const scripts: string[] = [];
    const html = String(page.source)
      .replace("/favicon.svg", "data:,")
      .replace(/ *<link rel="stylesheet"[^>]* href="\/([^"]+)">\n/g, (_, name: string) => {
        const file = bundle[name];
        if (file?.type === "asset") styles += String(file.source).trim();
        return "";
      })
      .replace(/ *<(?:script type="module"|link rel="modulepreload") crossorigin (?:src|href)=("[^"]+").*\n/g, (_, url: string) => {
        scripts.push(url);
        return "";
      });
    const code = await early(scripts);
    page.source = html
      .replace("</head>", () => `  <style>${styles}</style>\n  </head>`)
      .replace("  </body>", () => `    <script>${code}</script>\n  </body>`);
  },
};

export default defineConfig({
  plugins: [
    svelte(),
    seenFirst,
    {
      name: "pages",
      configureServer: (server) => {
        server.middlewares.use((request, _, next) => {
          const path = request.url?.split("?")[0] ?? "/";
          request.url = routes.find(([pattern]) => pattern.test(path))?.[1] ?? request.url;
          next();
        });
      },
    },
  ],
  build: {
    target,
    cssTarget: "safari14",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the server's content policy allows no inline data but images
    rolldownOptions: {
      input: pages.map((page) => `${page}.html`),
      // What every page has is one file: on a slow line each takes a connection of its own.
      output: {
        codeSplitting: { groups: [{ name: "common", test: /svelte\/src|src\/(api\.ts|ui\/(base\.css|MarkSign|marks|statuses|times))/ }] },
      },
    },
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8080", ws: true }, "/C/": "http://127.0.0.1:8080" } },
  test: { include: ["src/**/*.test.ts"] },
});
