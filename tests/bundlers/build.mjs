// Bundles the program of a folder with one bundler, as docs/node.md says it is done:
// node build.mjs FOLDER BUNDLER FORMAT [external]. What it made is in the folder's `out`.

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, bundler, format, external] = process.argv.slice(2);
const entry = join(folder, "program.mjs");
const out = join(folder, "out");
const file = format === "esm" ? "program.mjs" : "program.cjs";
const PACKAGE = /^slipstream-kv(\/|$)/;

// The bundlers are where the test installed them.
const require = createRequire(join(process.cwd(), "package.json"));
const load = (name) => import(pathToFileURL(require.resolve(name)));

/** The plugin that the page shows, which the test has put into the folder. */
const { addons } = await import(pathToFileURL(join(folder, "addons.mjs")));

const REQUIRE =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

const BUNDLERS = {
  async esbuild() {
    const { build } = await load("esbuild");
    await build({
      entryPoints: [entry],
      outfile: join(out, file),
      bundle: true,
      platform: "node",
      format,
      loader: { ".node": "copy" },
      banner: format === "esm" ? { js: REQUIRE } : {},
      external: external ? ["slipstream-kv"] : [],
      logLevel: "warning",
    });
  },

  async webpack() {
    const { default: webpack } = await load("webpack");
    const esm = format === "esm";
    const stats = await new Promise((resolve, reject) => {
      webpack(
        {
          context: folder,
          entry,
          mode: "production",
          target: "node20",
          output: { path: out, filename: file, publicPath: "", ...(esm && { module: true, chunkFormat: "module" }) },
          experiments: { outputModule: esm },
          node: { __dirname: esm ? "node-module" : false },
          module: { rules: [{ test: /\.node$/, loader: require.resolve("node-loader") }] },
          ...(external && {
            externalsType: esm ? "module" : "commonjs",
            externals: ({ request }, done) =>
              PACKAGE.test(request) ? done(null, request) : done(),
          }),
        },
        (error, done) => (error ? reject(error) : resolve(done)),
      );
    });
    const { errors, warnings } = stats.toJson({ errors: true, warnings: true });
    for (const { message } of [...errors, ...warnings]) {
      console.error(message);
    }
  },

  async rollup() {
    const { rollup } = await load("rollup");
    const { default: resolve } = await load("@rollup/plugin-node-resolve");
    const { default: commonjs } = await load("@rollup/plugin-commonjs");
    const bundle = await rollup({
      input: entry,
      plugins: [addons, resolve({ preferBuiltins: true }), commonjs()],
      external: external ? PACKAGE : [],
      onwarn: ({ message }) => console.error(message),
    });
    await bundle.write({ dir: out, format, entryFileNames: file });
  },

  async vite() {
    const { build } = await load("vite");
    await build({
      root: folder,
      configFile: false,
      logLevel: "warn",
      plugins: [addons],
      ssr: external ? { external: ["slipstream-kv"] } : { noExternal: true },
      build: {
        ssr: entry,
        ssrEmitAssets: true,
        outDir: out,
        emptyOutDir: true,
        rollupOptions: { output: { format, entryFileNames: file } },
      },
    });
  },
};

await BUNDLERS[bundler]();
