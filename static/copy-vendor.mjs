// Copies the browser-side files of others from node_modules to vendor/, with their licences; `npm ci` runs it.
// They are never committed: the lock file pins version and checksum, and the build takes vendor/ into the binary.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const vendor = join(here, "vendor");
const packages = [
  { name: "htmx.org", from: "dist/htmx.min.js", to: "htmx.min.js" },
  { name: "htmx-ext-sse", from: "dist/sse.min.js", to: "htmx-ext-sse.min.js" },
];

// From nothing each time: a file of a package that was dropped must not stay in the binary.
rmSync(vendor, { recursive: true, force: true });
mkdirSync(vendor, { recursive: true });
const versions = [];
for (const { name, from, to } of packages) {
  const folder = join(here, "node_modules", name);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  copyFileSync(join(folder, from), join(vendor, to));
  copyFileSync(join(folder, "LICENSE"), join(vendor, `${to}.LICENSE.txt`));
  versions.push(`${to}: ${name} ${version}`);
}
writeFileSync(join(vendor, "VERSIONS.txt"), `${versions.join("\n")}\n`);
console.log(`static/vendor: ${versions.join(", ")}`);
