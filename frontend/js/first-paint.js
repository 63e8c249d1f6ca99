// Before anything is drawn: the theme that was chosen, so that nothing flashes.
(() => {
  const wanted = localStorage.getItem("theme") || "dark";
  const light = wanted === "light" || (wanted === "system" && matchMedia("(prefers-color-scheme: light)").matches);
  document.documentElement.dataset.theme = light ? "light" : "dark";
})();
