// Chromium for the tests: a fresh profile, one certificate trusted, every other host out of reach.

import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";

const { chromium } = createRequire(join(process.env.TEST_TOOLS, "package.json"))("playwright-core");

/** Runs `work(context)` in a browser that resolves the service's host alone. */
export async function inBrowser(base, work) {
  const profile = mkdtempSync(join(tmpdir(), "chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    headless: true,
    viewport: { width: 1400, height: 1000 },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-quic",
      `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${base.hostname}`,
      `--ignore-certificate-errors-spki-list=${await verifiedKey(base)}`,
    ],
  });
  context.setDefaultTimeout(20_000);
  try {
    return await work(context);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

/** Opens a page and records what must not happen on it. */
export async function watchedPage(context, base) {
  const page = await context.newPage();
  const seen = { console: [], foreign: [], violations: [] };
  await page.exposeFunction("recordViolation", (text) => seen.violations.push(text));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      window.recordViolation(`${event.effectiveDirective} blocked ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`),
    );
  });
  page.on("console", (message) => {
    if (["error", "warning", "assert"].includes(message.type())) seen.console.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => seen.console.push(`uncaught: ${error}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.protocol !== "blob:" && url.origin !== base.origin) seen.foreign.push(request.url());
  });
  return { page, seen };
}

/** Saves a picture when pictures are asked for. */
export async function picture(page, name, options = {}) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), ...options });
}

/** Verifies the service's certificate against the CA here, and names its key, so that the browser trusts this key and nothing else. */
function verifiedKey(base) {
  if (base.protocol !== "https:") return "";
  const ca = process.env.PORTCULLIS_CA ? readFileSync(process.env.PORTCULLIS_CA) : undefined;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: base.hostname, port: Number(base.port || 443), servername: base.hostname, ca }, () => {
      const key = socket.getPeerX509Certificate().publicKey.export({ type: "spki", format: "der" });
      socket.end();
      resolve(createHash("sha256").update(key).digest("base64"));
    });
    socket.on("error", reject);
  });
}
