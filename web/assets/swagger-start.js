// Starts Swagger UI. It keeps tokens in memory only: reloading the page logs out.
"use strict";

const place = document.getElementById("swagger-ui");

// Without a client id Swagger UI sends the empty pair as Basic credentials; a first-party log-in has no client to authenticate.
const EMPTY_CLIENT = `Basic ${btoa(":")}`;
function dropEmptyClient(request) {
  if (request.headers?.Authorization === EMPTY_CLIENT) delete request.headers.Authorization;
  return request;
}

SwaggerUIBundle({
  domNode: place,
  url: place.dataset.openapi,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  filter: true,
  persistAuthorization: false,
  queryConfigEnabled: false,
  requestInterceptor: dropEmptyClient,
  showCommonExtensions: true,
  showExtensions: true,
  validatorUrl: null,
});
