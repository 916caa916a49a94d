// The page of a one-time link as a person opens it from a mail: the code leaves the address, and the form works without it. See `run`.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

import { inBrowser, picture, watchedPage } from "./browser.mjs";

const [address, admin, password] = process.argv.slice(2);
const base = new URL(address);
const name = `link-${randomBytes(4).toString("hex")}`;
const chosen = randomBytes(16).toString("hex");

await inBrowser(base, async (context) => {
  const { page, seen } = await watchedPage(context, base);
  const statuses = [];
  page.on("response", (response) => statuses.push(response.status()));
  try {
    await followLink(page);
    const failed = statuses.filter((status) => status >= 400);
    assert.deepEqual(failed, [422], "only the short password is refused");
    // The browser notes it on its own account, and that there is no icon, for which it asks unseen.
    seen.console = seen.console.filter((line) => !/status of (422|404)/.test(line));
    assert.deepEqual(seen, { console: [], foreign: [], violations: [] });
    console.log("ok      a one-time link sets a password without the code in the address");
  } catch (error) {
    process.exitCode = 1;
    console.log(`FAILED  a one-time link\n${error.message}\n${JSON.stringify(seen, null, 1)}`);
    await picture(page, "failed-link");
  }
});

async function followLink(page) {
  await page.goto(new URL("/docs", base).href);
  const link = await page.evaluate(invite, { admin, password, name });
  const code = new URL(link).searchParams.get("code");
  assert.match(code, /^[\w-]{43}$/);

  // A link in a mail: the page that holds it is of another site.
  await page.goto(`data:text/html,<a href="${link}">Set your password</a>`);
  await page.locator("a").click();
  await onPage(page, "/set-password");
  assert.equal(await page.locator('input:not([type="hidden"])').count(), 1, "only the password is asked for");
  assert.ok(!(await page.content()).includes(code), "the code is not on the page");
  assert.equal(await page.evaluate(() => document.cookie), "", "scripts cannot read it");
  await picture(page, "set-password");

  await send(page, "short");
  await page.locator(".problem").waitFor();
  await onPage(page, "/set-password");
  assert.ok(!(await page.content()).includes(code));
  await send(page, chosen);
  await onPage(page, "/login");

  await page.locator('input[name="username"]').fill(name);
  await send(page, chosen);
  await onPage(page, "/");
  const names = (await page.context().cookies()).map((cookie) => cookie.name);
  assert.deepEqual(names, ["__Host-session"], "the code is forgotten");
}

/** Fills in the password and sends the form. */
async function send(page, text) {
  await page.locator('input[name="password"]').fill(text);
  await page.locator("button").click();
}

async function onPage(page, path) {
  await page.waitForURL(new URL(path, base).href);
}

/** Runs in the page: makes a user and returns the one-time link. */
async function invite({ admin, password, name }) {
  const logIn = await fetch("/token", { method: "POST", body: new URLSearchParams({ username: admin, password }) });
  const { access_token: token } = await logIn.json();
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch("/admin/users", { method: "POST", headers, body: JSON.stringify({ username: name, role: "user" }) });
  return (await answer.json()).set_password_link;
}
