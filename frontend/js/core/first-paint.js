// Before anything is drawn: the theme that was chosen, so that nothing flashes.
(() => {
  let wanted = "dark";
  try {
    wanted = localStorage.getItem("theme") || wanted;
  } catch {
    // Storage may be forbidden; dark it is.
  }
  const light = wanted === "light" || (wanted === "system" && matchMedia("(prefers-color-scheme: light)").matches);
  document.documentElement.dataset.theme = light ? "light" : "dark";
})();
