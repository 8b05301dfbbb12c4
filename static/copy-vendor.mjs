// Copies the browser-side files of others from node_modules to vendor/, with their licences; `npm ci` runs it.
// They are never committed: the lock file pins version and checksum, and the build takes vendor/ into the binary.
// A file that is right already is left alone, so that nothing is built again for it.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const vendor = join(here, "vendor");
const packages = [
  { name: "htmx.org", from: "dist/htmx.min.js", to: "htmx.min.js" },
  { name: "htmx-ext-sse", from: "dist/sse.min.js", to: "htmx-ext-sse.min.js" },
  { name: "idiomorph", from: "dist/idiomorph.min.js", to: "idiomorph.min.js" },
];

const wanted = new Map();
const versions = [];
for (const { name, from, to } of packages) {
  const read = (file) => readFileSync(join(here, "node_modules", name, file));
  wanted.set(to, read(from));
  wanted.set(`${to}.LICENSE.txt`, read("LICENSE"));
  versions.push(`${to}: ${name} ${JSON.parse(read("package.json")).version}`);
}
wanted.set("VERSIONS.txt", Buffer.from(`${versions.join("\n")}\n`));

mkdirSync(vendor, { recursive: true });
// A file of a package that was dropped must not stay in the binary.
for (const file of readdirSync(vendor)) if (!wanted.has(file)) rmSync(join(vendor, file), { recursive: true });
for (const [file, content] of wanted) {
  const path = join(vendor, file);
  if (!existsSync(path) || !readFileSync(path).equals(content)) writeFileSync(path, content);
}
console.log(`static/vendor: ${versions.join(", ")}`);
