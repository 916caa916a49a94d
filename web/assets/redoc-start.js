// Starts ReDoc under a policy that admits style elements by nonce only.
"use strict";

// ReDoc makes its style elements itself and knows no nonce, so they get it where they are made. Runs before ReDoc's own script.
const { nonce } = document.querySelector("link[nonce]");
const createElement = document.createElement.bind(document);
document.createElement = (name, options) => {
  const element = createElement(name, options);
  if (element instanceof HTMLStyleElement) element.nonce = nonce;
  return element;
};

const SANS = "system-ui, sans-serif";
const MONO = "ui-monospace, monospace";
const OPTIONS = {
  hideLoading: true,
  nativeScrollbars: true,
  sanitize: true,
  scrollYOffset: ".bar",
  showExtensions: true,
  sortRequiredPropsFirst: true,
  theme: {
    colors: { primary: { main: "#1d4f91" } },
    sidebar: { backgroundColor: "#f6f7f9" },
    rightPanel: { backgroundColor: "#1b2530" },
    typography: { fontFamily: SANS, headings: { fontFamily: SANS }, code: { fontFamily: MONO } },
  },
};

document.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("redoc");
  Redoc.init(place.dataset.openapi, OPTIONS, place);
});
