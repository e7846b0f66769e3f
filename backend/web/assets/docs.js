// Shows /openapi.json. No validator badge: it would ask a server on the internet.
window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#docs",
    deepLinking: true,
    displayRequestDuration: true,
    validatorUrl: null,
    showExtensions: true,
  });
});
