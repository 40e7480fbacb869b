import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// One page for each kind of visitor, so that a phone loads only what it shows.
const pages = ["student", "signin", "display", "teacher", "admin"];

// Which page the server answers a path with; the same table as in server/routes.go.
const routes: [RegExp, string][] = [
  [/^\/(s\/|me$|$)/, "/student.html"],
  [/^\/(signin|join\/)/, "/signin.html"],
  [/^\/display\//, "/display.html"],
  [/^\/(teach|board\/|report\/)/, "/teacher.html"],
  [/^\/admin(\/|$)/, "/admin.html"],
];

export default defineConfig({
  plugins: [
    svelte(),
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
    target: "es2020",
    cssTarget: "safari14",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the server's content policy allows no inline data but images
    rollupOptions: { input: pages.map((page) => `${page}.html`) },
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8080", ws: true }, "/C/": "http://127.0.0.1:8080" } },
  test: { include: ["src/**/*.test.ts"] },
});
