// On every page: changing the language keeps what stands after the #, which the server never sees.
for (const link of document.querySelectorAll("[data-keep-hash]")) {
  link.addEventListener("click", () => { link.hash = location.hash; });
}
