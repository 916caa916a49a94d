// The documentation pages as a person uses them: log in, try a call, read the reference. See `run`.

import assert from "node:assert/strict";

import { inBrowser, picture, watchedPage } from "./browser.mjs";

const [address, user, password] = process.argv.slice(2);
const base = new URL(address);
const PROTECTED = ["/users/me", "/whoami"];
const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

const steps = [
  ["Swagger UI logs in and executes a protected call", tryTheApi],
  ["Swagger UI asks for the scopes that are ticked", restrictTheToken],
  ["Swagger UI shows a failed log-in", failToLogIn],
  ["ReDoc shows every operation and searches", readTheReference],
];

await inBrowser(base, async (context) => {
  for (const [name, step] of steps) {
    const { page, seen } = await watchedPage(context, base);
    try {
      await step(page, seen);
      console.log(`ok      ${name}`);
    } catch (error) {
      process.exitCode = 1;
      console.log(`FAILED  ${name}\n${error.message}\n${JSON.stringify(seen, null, 1)}`);
      await picture(page, `failed-${steps.findIndex((one) => one[1] === step) + 1}`);
    } finally {
      await page.close();
    }
  }
});

async function tryTheApi(page, seen) {
  const document = await open(page, "/docs", ".opblock");
  assert.equal(await page.locator(".opblock").count(), operations(document).length, "every operation is on the page");
  await picture(page, "docs");

  const logIn = await submitLogIn(page, password);
  assert.equal(logIn.status(), 200);
  const sent = await logIn.request().allHeaders();
  assert.match(sent["content-type"], /^application\/x-www-form-urlencoded/);
  assert.equal(sent.authorization, undefined, "no client credentials without a client");
  await page.locator(".auth-container", { hasText: "Authorized" }).first().waitFor();
  await picture(page, "docs-logged-in");
  await page.locator(".btn-done").first().click();

  const paths = PROTECTED.filter((path) => document.paths[path]?.get);
  assert.ok(paths.length > 0, `the document has one of ${PROTECTED}`);
  for (const path of paths) await execute(page, path);

  assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, ""], "no token is stored");
  clean(seen);
  await policyIsEnforced(page, seen);
}

/** Presses "Try it out" and "Execute" on a GET, and wants the 200 on the page. */
async function execute(page, path) {
  const block = page.locator(".opblock-get", { has: page.locator(`[data-path="${path}"]`) });
  await block.locator(".opblock-summary-control").click();
  await block.locator(".try-out__btn").click();
  const answered = page.waitForResponse((response) => new URL(response.url()).pathname === path);
  await block.locator(".execute").click();
  assert.match((await (await answered).request().allHeaders()).authorization, /^Bearer /);
  const status = block.locator(".live-responses-table tbody .response-col_status").first();
  await status.waitFor();
  await block.scrollIntoViewIfNeeded();
  await picture(page, `docs${path.replaceAll("/", "-")}`);
  assert.match(await status.innerText(), /^200/, `GET ${path}`);
}

async function restrictTheToken(page, seen) {
  const document = await open(page, "/docs", ".opblock");
  const scopes = document.components.securitySchemes.password.flows.password.scopes;
  await page.locator(".scheme-container .authorize").click();
  const boxes = page.locator(".auth-container .scopes .checkbox");
  await boxes.first().waitFor();
  assert.equal(await boxes.count(), Object.keys(scopes).length, "every scope has a check box");
  const box = boxes.filter({ hasText: "account:read" });
  assert.match(await box.innerText(), new RegExp(scopes["account:read"]));
  await box.locator("label .item").click();
  await picture(page, "docs-scopes");

  const logIn = await submitLogIn(page, password, { isOpen: true });
  assert.equal(logIn.status(), 200);
  assert.equal(new URLSearchParams(logIn.request().postData()).get("scope"), "account:read");
  assert.equal((await logIn.json()).scope, "account:read");
  await page.locator(".auth-container", { hasText: "Authorized" }).first().waitFor();
  await page.locator(".btn-done").first().click();
  await execute(page, "/users/me");
  clean(seen);
}

async function failToLogIn(page, seen) {
  await open(page, "/docs", ".opblock");
  const answer = await submitLogIn(page, `${password}-not`);
  assert.equal(answer.status(), 401);
  await page.locator(".auth-container .errors").first().waitFor();
  assert.match(await page.locator(".auth-container .errors").first().innerText(), /Incorrect username or password/i);
  await picture(page, "docs-wrong-password");
  // The browser itself notes the 401; nothing else may be there.
  seen.console = seen.console.filter((line) => !/status of 401/.test(line));
  clean(seen);
}

async function readTheReference(page, seen) {
  const document = await open(page, "/redoc", "[data-section-id]");
  const sections = page.locator('[data-section-id*="operation/"]');
  const wanted = operations(document);
  await page.waitForFunction(
    (count) => document.querySelectorAll('[data-section-id*="operation/"]').length >= count,
    wanted.length,
  );
  const shown = await sections.evaluateAll((found) => found.map((one) => one.getAttribute("data-section-id").replace(/^.*operation\//, "")));
  for (const { id } of wanted) assert.ok(shown.includes(id), `${id} is on the page`);
  await picture(page, "redoc");

  // Every answer is opened, as what is folded has not been rendered yet.
  const folded = page.locator('[data-section-id*="operation/"] button:has(strong):not([disabled])');
  assert.ok((await folded.count()) > 0, "answers can be opened");
  for (const button of await folded.all()) await button.click();
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight / 3));
  await picture(page, "redoc-opened");

  const word = wanted[0].summary.split(/\W+/).find((one) => one.length > 3) ?? wanted[0].id;
  await page.locator('[role="search"] input').fill(word);
  await page.locator('[data-role="search:results"] [role="menuitem"]').first().waitFor();
  await picture(page, "redoc-search");
  clean(seen);
  await page.setViewportSize({ width: 420, height: 800 });
  await page.evaluate(() => window.scrollTo(0, 0));
  await picture(page, "redoc-narrow");
  clean(seen);
  await policyIsEnforced(page, seen);
}

/** Opens a page, waits for what it renders, and returns the document that it renders. */
async function open(page, path, rendered) {
  const answer = await page.goto(new URL(path, base).href);
  assert.equal(answer.status(), 200, path);
  const policy = answer.headers()["content-security-policy"] ?? "";
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
  await page.locator(rendered).first().waitFor();
  return page.evaluate(async () => (await fetch("/openapi.json")).json());
}

/** Fills in the Authorize dialog and returns the answer of the token endpoint. */
async function submitLogIn(page, secret, { isOpen } = { isOpen: false }) {
  if (!isOpen) await page.locator(".scheme-container .authorize").click();
  await page.locator("#oauth_username").fill(user);
  await page.locator("#oauth_password").fill(secret);
  const answered = page.waitForResponse((response) => new URL(response.url()).pathname === "/token");
  const form = page.locator(".auth-container", { has: page.locator("#oauth_username") });
  await form.locator("button.authorize").click();
  return answered;
}

function operations(document) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ id: item[method].operationId ?? path, summary: item[method].summary ?? "" })),
  );
}

function clean(seen) {
  assert.deepEqual(seen, { console: [], foreign: [], violations: [] });
}

/** Shows that the policy is in force and that a violation would have been recorded. */
async function policyIsEnforced(page, seen) {
  await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        document.addEventListener("securitypolicyviolation", () => resolve(), { once: true });
        document.body.insertAdjacentHTML("beforeend", '<p style="color: red">.</p>');
        setTimeout(() => reject(new Error("an inline style went unnoticed")), 5_000);
      }),
  );
  assert.equal(seen.violations.length, 1, "an inline style is a violation");
}
